// Kills services at seeded instants while others use them, and measures how long each is away.
// Under instruction counting the kernel's nanoseconds are executed instructions, so the instants are the same in every run with the same
// seed.
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string_view>

#include "lib/clock.h"
#include "lib/ipc/ipc.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/log.h"
#include "protocols/supervisor.h"

using namespace pith;

namespace {

/// Those that the system has are killed.
constexpr const char* kNames[] = {"console", "log", "clock", "bank", "clearing"};
constexpr u32 kMostTargets = std::size(kNames);
constexpr u64 kShortestPause = 300 * kMicrosecond;
constexpr u64 kPauses = 4 * kMillisecond;
constexpr u64 kLimit = 10 * kMillisecond;
/// Every second kill is aimed: it waits, in short seeded steps, until the target is inside a request.
constexpr u32 kMostSteps = 400;
constexpr u64 kStep = 20 * kMicrosecond;

u64 argument(std::string_view name, u64 otherwise) {
  for (std::string_view text : {std::string_view(start_information().command_line), arguments()}) {
    usize at = text.find(name);
    if (at == std::string_view::npos) continue;
    u64 value = 0;
    for (char digit : text.substr(at + name.size())) {
      if (digit < '0' || digit > '9') break;
      value = value * 10 + u64(digit - '0');
    }
    return value;
  }
  return otherwise;
}

/// Waits until an instant; nobody calls this component.
void wait_until(u64 deadline) { (void)ipc::receive(ComponentSlot::Service, deadline); }

struct Target {
  const char* name;
  CapabilitySlot slot;
  u64 component;
  u32 kills, inside;
  u64 longest;
};

protocols::SupervisorClient supervisor;
Target targets[kMostTargets];
u32 target_count;

bool is_busy(u64 component) {
  auto text = supervisor.state(component);
  if (!text) return false;
  return text->text().find("busy 1") != std::string_view::npos;
}

/// A request that changes nothing.
Result<void> probe(const Target& target) {
  std::string_view name = target.name;
  if (name == "console") {
    (void)TRY(protocols::ConsoleClient{target.slot}.read(0));
  } else if (name == "log") {
    (void)TRY(protocols::LogClient{target.slot}.raw({}));
  } else if (name == "clock") {
    (void)TRY(protocols::ClockClient{target.slot}.wall_offset());
  } else {
    (void)TRY(protocols::BankClient{target.slot}.total());
  }
  return {};
}

void aim(u32 which, Random& random) {
  for (u32 step = 0; step < kMostSteps && !is_busy(targets[which].component); step++) wait_until(now() + 1 + random.below(kStep));
}

Result<void> kill(u32 which) {
  Target& target = targets[which];
  if (is_busy(target.component)) target.inside++;
  u64 start = now();
  TRY(supervisor.control(target.component, ipc::as_bytes("kill")));
  TRY(probe(target));
  u64 away = now() - start;
  if (away > target.longest) target.longest = away;
  target.kills++;
  return {};
}

Result<void> find_targets() {
  u64 count = TRY(supervisor.count());
  for (u64 i = 0; i < count; i++) {
    Bytes name = TRY(supervisor.name(i));
    for (const char* known : kNames) {
      if (name.text() != known) continue;
      if (auto slot = find_slot(known)) targets[target_count++] = {known, *slot, i, 0, 0, 0};
    }
  }
  return {};
}

void report() {
  u32 kills = 0, inside = 0;
  u64 longest = 0;
  for (u32 which = 0; which < target_count; which++) {
    const Target& target = targets[which];
    log_line(LogLevel::Information, "torture: %s killed %u times, %u inside a request, longest recovery %llu ns", target.name, target.kills,
             target.inside, static_cast<unsigned long long>(target.longest));
    kills += target.kills;
    inside += target.inside;
    if (target.longest > longest) longest = target.longest;
  }
  bool is_good = inside * 10 >= kills * 3 && longest < kLimit;
  log_line(LogLevel::Information, "torture: %s: %u kills, %u inside, longest %llu ns", is_good ? "passed" : "failed", kills, inside,
           static_cast<unsigned long long>(longest));
}

}  // namespace

int main() {
  auto slot = find_slot("supervisor");
  if (!slot) return 1;
  supervisor.slot = *slot;
  u64 wanted = argument("kills=", 100);
  u64 seed = argument("seed=", 1);
  Random random(seed);
  if (!find_targets()) return 1;
  wait_until(now() + 200 * kMillisecond);
  for (u64 left = wanted * target_count; left > 0; left--) {
    wait_until(now() + kShortestPause + random.below(kPauses));
    u32 which = u32(left % target_count);
    if (random.below(2) == 0) aim(which, random);
    if (auto killed = kill(which); !killed) {
      log_line(LogLevel::Error, "torture: failed: %s: %s", targets[which].name, error_name(killed.error()));
      break;
    }
  }
  report();
  while (true) wait_until(0);
}
