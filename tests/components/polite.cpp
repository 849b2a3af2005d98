// A client whose answers are all right and in time whatever another one does to the same services (rude.cpp). Ends the machine with the
// number of checks that failed.
#include <cstring>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/entropy.h"
#include "tests/components/states.h"

namespace {

using namespace pith;
using ull = unsigned long long;

constexpr u32 kRounds = 400;
constexpr u64 kLimit = 5 * kMillisecond;        // of an answer
constexpr u64 kAlarmLimit = 30 * kMillisecond;  // after its time: records of crashes keep all but the supervisor waiting for milliseconds
constexpr u64 kDeaths = 50;                     // of the other client, at least

u64 failures;

void check(bool is_right, const char* what) {
  if (is_right) return;
  failures++;
  if (failures < 20) log_line(LogLevel::Error, "FAILED %s", what);
}

u64 longest;

/// Makes a call, and notes how long it took.
template <class F>
auto timed(F&& call) {
  u64 start = now();
  auto answer = call();
  u64 took = now() - start;
  if (took > longest) longest = took;
  check(took < kLimit, "an answer takes long");
  return answer;
}

template <class Client>
Client client_of(const char* name) {
  return Client{find_slot(name).value_or(kNoSlot)};
}

}  // namespace

int main() {
  auto console = client_of<protocols::ConsoleClient>("console");
  auto clock = client_of<protocols::ClockClient>("clock");
  auto entropy = client_of<protocols::EntropyClient>("entropy");
  auto bank = client_of<protocols::BankClient>("bank");
  auto supervisor = client_of<protocols::SupervisorClient>("supervisor");
  u64 offset = clock.wall_offset().value_or(0), money = bank.total()->money;
  Random random(start_information().seed[0]);
  for (u32 round = 0; round < kRounds; round++) {
    u64 deadline = now() + random.below(kMillisecond);
    check(bool(clock.sleep_until(deadline)), "an alarm rings");
    u64 at = now();
    check(at >= deadline && at < deadline + kAlarmLimit, "an alarm rings in time");
    check(timed([&] { return clock.wall_offset(); }).value_or(0) == offset, "the wall clock does not jump");
    auto bytes = timed([&] { return entropy.read(32); });
    check(bytes && bytes->size() == 32, "random bytes");
    auto typed = timed([&] { return console.read(0); });
    check(typed && typed->size() == 0, "no bytes that were not asked for");
    auto total = timed([&] { return bank.total(); });
    check(total && total->money == money, "the bank's money");
    if (round % 16 == 0) {
      timed([&] {
        log_line(LogLevel::Information, "line %u", round);
        return 0;
      });
    }
  }
  for (const char* name : {"console", "log", "clock", "entropy", "bank"})
    check(number_in_state(supervisor, component_called(supervisor, name), "restarts ") == 0, name);
  u64 deaths = number_in_state(supervisor, component_called(supervisor, "rude"), "restarts ");
  check(deaths >= kDeaths && deaths != ~u64{0}, "the other client has died often");
  log_line(LogLevel::Information, "%s: the other client died %llu times; answers after at most %llu us", failures ? "failed" : "passed",
           ull(deaths), ull(longest / kMicrosecond));
  (void)supervisor.power(0, failures);
  return 1;
}
