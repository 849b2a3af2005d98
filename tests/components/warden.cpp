// A client that lets members of groups die and looks who began anew; with the argument `end` one that goes on until the outermost group has
// failed. Ends the machine with the number of checks that failed.
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "lib/ipc/ipc.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/patient.h"
#include "protocols/supervisor.h"

namespace {

using namespace pith;

constexpr const char* kNames[] = {"all1", "all2", "rest1", "rest2", "rest3", "inner1", "inner2", "outer"};
constexpr u32 kCount = std::size(kNames);

protocols::PatientClient members[kCount];
u64 instances[kCount];
u64 failures;

u64 instance_of(u32 which) { return members[which].instance().value_or(~u64{0}); }

/// Lets `victim` die, and compares who is another instance afterwards with `expected`, whose letters are the members': + begins anew.
void expect(u32 victim, std::string_view expected) {
  (void)members[victim].crash();
  bool is_right = true;
  char seen[kCount + 1] = {};
  for (u32 i = 0; i < kCount; i++) {
    u64 instance = instance_of(i);
    seen[i] = instance == instances[i] ? '.' : '+';
    instances[i] = instance;
    is_right = is_right && seen[i] == expected[i];
  }
  log_line(is_right ? LogLevel::Information : LogLevel::Error, "%s %s died: %s", is_right ? "ok" : "FAILED", kNames[victim], seen);
  if (!is_right) failures++;
}

}  // namespace

int main() {
  for (u32 i = 0; i < kCount; i++) {
    members[i].slot = find_slot(kNames[i]).value_or(kNoSlot);
    if (arguments() == "end") continue;
    instances[i] = instance_of(i);
  }
  while (arguments() == "end") (void)members[0].crash();
  expect(0, "++......");
  expect(1, "++......");
  expect(2, "..+++...");
  expect(3, "...++...");
  expect(4, "....+...");
  // Two restarts in an hour are too few for a third one: its group begins anew as one child of the group around it.
  expect(5, ".....+..");
  expect(6, "......+.");
  expect(6, ".....++.");
  // The group around it allows one more: then it fails itself, and the outermost one starts all that is in it.
  expect(5, ".....+..");
  expect(5, ".....+..");
  expect(5, ".....+++");
  expect(7, ".......+");
  log_line(LogLevel::Information, "warden: %s", failures ? "failed" : "passed");
  (void)protocols::SupervisorClient{find_slot("supervisor").value_or(kNoSlot)}.power(0, failures);
  return 1;
}
