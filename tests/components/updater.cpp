// Updates banks while others use them, and tries updates that must be refused. It ends by itself.
#include <algorithm>
#include <string_view>

#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "tests/components/states.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;

constexpr u64 kUpdates = 100;
constexpr u64 kWideAt = 50;
constexpr u64 kBadEvery = 10;
constexpr u64 kMigration = 10 * kMillisecond;  ///< long enough for it to have begun
constexpr u64 kProbationOver = 1100 * kMillisecond;

protocols::SupervisorClient supervisor;
u64 mistakes;
u64 longest;  ///< update of the bank, nanoseconds until the next version runs

u64 version_of(std::string_view name) { return number_in_state(supervisor, component_called(supervisor, name), "version "); }

void expect(bool is_right, std::string_view name, const char* what) {
  if (is_right) return;
  mistakes++;
  log_line(LogLevel::Error, "updater: %.*s: %s", int(name.size()), name.data(), what);
}

Error command(std::string_view name, std::string_view word) {
  return supervisor.control(component_called(supervisor, name), ipc::as_bytes(word)).error();
}

/// A number in the vault may look like an address of the program's code, for which the update is refused: it is another one soon.
Error update(std::string_view name) {
  constexpr u32 kTries = 500;
  Error refused = command(name, "update");
  for (u32 i = 0; i < kTries && refused == Error::BadAddress; i++) {
    wait_for(kMillisecond);
    refused = command(name, "update");
  }
  return refused;
}

/// It dies at its third event, and is taken back by nobody's doing here.
bool is_taken_back(std::string_view name) {
  for (u32 i = 0; i < 1000; i++) {
    if (version_of(name) == 0) return true;
    wait_for(kMillisecond);
  }
  return false;
}

void try_refusals() {
  for (std::string_view name : {"odd", "liar"}) {
    expect(command(name, "update") == Error::NotSupported, name, "another state was taken for its own");
    expect(version_of(name) == 0, name, "it was updated");
  }
  expect(command("stuck", "update") == kSuccess && is_taken_back("stuck"), "stuck", "a migration that fails was not taken back");
  expect(command("drowsy", "update") == kSuccess && is_taken_back("drowsy"), "drowsy", "a version that hangs was not taken back");
  expect(command("pinned", "update") == Error::BadAddress, "pinned", "an address of code was not found");
  expect(command("log", "update") == Error::NotFound, "log", "it was updated to nothing");
  expect(command("bank", "update") == kSuccess && command("bank", "rollback") == kSuccess, "bank", "it was not taken back by hand");
  expect(command("bank", "rollback") == Error::Denied, "bank", "it was taken back twice");
  expect(command("bank", "update") == kSuccess, "bank", "it was not updated again");
  wait_for(kProbationOver);
  expect(command("bank", "rollback") == Error::Denied, "bank", "it was taken back after its probation");
}

}  // namespace

int main() {
  supervisor.slot = find_slot("supervisor").value_or(kNoSlot);
  Random random(start_information().seed[0]);
  u64 updates = 0, wide = 0, bad = 0;
  for (u64 round = 0; round < kUpdates && mistakes == 0; round++) {
    wait_for(300 * kMicrosecond + random.below(4 * kMillisecond));
    u64 start = now();
    bool is_done = update("bank") == kSuccess;
    longest = std::max(longest, now() - start);
    updates += is_done && version_of("bank") == (round + 1) % 2;
    if (round == kWideAt) {
      wide += update("clearing") == kSuccess && version_of("clearing") == 1;
      wait_for(kMigration);
      expect(command("clearing", "rollback") == Error::NotSupported, "clearing", "the first version has been given what it cannot read");
    }
    expect(command("clearing", "kill") == kSuccess, "clearing", "it was not killed");
    if (round % kBadEvery == 0) bad += update("branch") == kSuccess && is_taken_back("branch");
  }
  try_refusals();
  bool is_good = mistakes == 0 && updates == kUpdates && wide == 1 && bad == kUpdates / kBadEvery;
  log_line(LogLevel::Information, "updater: longest update of bank %llu ns", static_cast<unsigned long long>(longest));
  log_line(LogLevel::Information, "updater: %s: %llu updates of bank, %llu with another layout, %llu bad ones taken back, %llu mistakes",
           is_good ? "passed" : "failed", static_cast<unsigned long long>(updates), static_cast<unsigned long long>(wide),
           static_cast<unsigned long long>(bad), static_cast<unsigned long long>(mistakes));
}
