// The client of two intruders: it has each attack, again and again with another seed, and is served by what comes after it as before. Ends
// the machine with 0 when all was right.
#include <iterator>
#include <string_view>

#include "lib/log.h"
#include "lib/start.h"
#include "protocols/intruder.h"
#include "tests/components/states.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;

constexpr u64 kRounds = 100;
using ull = unsigned long long;

protocols::SupervisorClient supervisor;
u64 wrong;

void expect(bool is_right, u64 seed, const char* what) {
  if (is_right) return;
  if (wrong++ < 10) log_line(LogLevel::Error, "witness: seed %llu: %s", ull(seed), what);
}

struct Intruder {
  const char* name;
  protocols::IntruderClient client;
  u64 component = 0;
  u64 count = 0;  ///< that it should have counted, if its vault is still the one from before
  u64 fresh = 0;  ///< how often it was not
};

/// Its vault is what it was, or a new one; its capabilities lead where the manifest says.
void check_service(Intruder& intruder, u64 seed) {
  Result<u64> count = intruder.client.count();
  bool is_new = count && *count == 1 && intruder.count != 0;
  expect(count && (is_new || *count == intruder.count + 1), seed, "its vault holds nonsense");
  intruder.fresh += is_new;
  intruder.count = count.value_or(0);
  constexpr const char* kServices[] = {"left", "right"};
  for (u64 which = 0; which < std::size(kServices); which++) {
    auto answer = intruder.client.ask(which);
    bool is_right =
        answer && answer->component == component_called(supervisor, kServices[which]) && answer->badge == 1 + intruder.component;
    expect(is_right, seed, "a capability leads to somebody else");
  }
}

void check_round(Intruder& intruder, u64 seed) {
  check_service(intruder, seed);
  auto before = intruder.client.who();
  if (!before) return expect(false, seed, "it does not answer");
  (void)supervisor.control(intruder.component, ipc::as_bytes("distrust"));
  (void)intruder.client.attack(seed, before->instance);
  // While it attacks it may answer anything.
  for (u64 start = now(); now() - start < 10 * kSecond;) {
    auto after = intruder.client.who();
    if (after && after->component == intruder.component && after->instance == before->instance + 1) return;
    wait_for(kMillisecond);
  }
  expect(false, seed, "it has not come back");
}

void report(const Intruder& intruder) {
  auto number = [&](std::string_view key) { return number_in_state(supervisor, intruder.component, key); };
  u64 restarts = number("restarts "), bad = number("wrong "), ended = number("ended ");
  expect(restarts == kRounds && bad == 0, 0, "an instance was not as the manifest says");
  log_line(LogLevel::Information, "witness: %s: %llu attacks, %llu ended by the supervisor, %llu vaults begun anew, %llu wrong tables",
           intruder.name, ull(restarts), ull(ended), ull(intruder.fresh), ull(bad));
}

}  // namespace

int main() {
  supervisor.slot = find_slot("supervisor").value_or(kNoSlot);
  Intruder intruders[] = {{"intruder", {find_slot("intruder").value_or(kNoSlot)}}, {"usurper", {find_slot("usurper").value_or(kNoSlot)}}};
  for (Intruder& intruder : intruders) intruder.component = component_called(supervisor, intruder.name);
  for (u64 seed = 1; seed <= kRounds && wrong == 0; seed++) {
    for (Intruder& intruder : intruders) check_round(intruder, seed);
  }
  for (Intruder& intruder : intruders) {
    check_service(intruder, kRounds);
    report(intruder);
  }
  log_line(LogLevel::Information, "witness: %s", wrong == 0 ? "passed" : "failed");
  (void)supervisor.power(0, wrong != 0);
  return 1;
}
