// A client of a patient who works while a hog of higher priority takes the CPU: whoever is kept from running is not taken to hang. Ends the
// machine with 0 when that is so.
#include <algorithm>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/patient.h"
#include "protocols/supervisor.h"

int main() {
  using namespace pith;
  using ull = unsigned long long;
  constexpr u32 kCalls = 200;
  constexpr u64 kRounds = 200'000;         // of work: a fraction of a millisecond
  constexpr u64 kKept = 6 * kMillisecond;  // twice the heartbeat
  protocols::SupervisorClient supervisor{find_slot("supervisor").value_or(kNoSlot)};
  protocols::PatientClient patient{find_slot("patient").value_or(kNoSlot)};
  u64 replaced = 0, longest = 0;
  for (u32 i = 0; i < kCalls; i++) {
    u64 start = now();
    replaced += patient.work(kRounds).value_or(1) != 0;
    longest = std::max(longest, now() - start);
  }
  bool is_good = replaced == 0 && longest > kKept;
  log_line(LogLevel::Information, "employer: %s: %llu answers are another instance's, the longest took %llu us",
           is_good ? "passed" : "failed", ull(replaced), ull(longest / kMicrosecond));
  (void)supervisor.power(0, !is_good);
  return 1;
}
