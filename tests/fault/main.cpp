// Makes faults in services at seeded instants while others use them, and measures how long each is away.
// Under instruction counting the kernel's nanoseconds are executed instructions, so the instants are the same in every run with the same
// seed. Words of the command line, or of the manifest's arguments: seed=N faults=N kinds=… targets=…, and `poweroff` to end the machine.
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "lib/log.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/bus.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/disk.h"
#include "protocols/entropy.h"
#include "protocols/files.h"
#include "protocols/log.h"
#include "protocols/netcard.h"
#include "protocols/network.h"
#include "tests/components/wait.h"
#include "tests/fault/plan.h"
#include "tests/fault/target.h"

namespace {

using namespace pith;
using namespace pith::torture;
using root::Fault;
using root::Moment;

using ull = unsigned long long;

/// Those that the system has are hurt.
constexpr Probe kProbes[] = {
    {"console", u64(protocols::ConsoleMethod::Read), 0},
    {"log", u64(protocols::LogMethod::Read), 0},
    {"clock", u64(protocols::ClockMethod::WallOffset), 0},
    {"entropy", u64(protocols::EntropyMethod::Read), 1},
    {"bank", u64(protocols::BankMethod::Total), 0},
    {"clearing", u64(protocols::BankMethod::Total), 0},
    {"bus", u64(protocols::BusMethod::Configuration), 0, Keeps::Vault, Error::NotFound},  // no device is the torture's
    {"disk", u64(protocols::DiskMethod::State), 0, Keeps::Nothing},
    {"ext4", u64(protocols::FilesMethod::State), 0},
    {"fat", u64(protocols::FilesMethod::State), 0},
    {"netcard", u64(protocols::NetcardMethod::State), 0, Keeps::Nothing},
    {"network", u64(protocols::NetworkMethod::Status), 0},
    {"randomness", kNobodyCalls, 0, Keeps::Nothing},
};
constexpr u32 kMostTargets = std::size(kProbes);
constexpr u64 kFirstPause = 200 * kMillisecond;  // until the system is up
constexpr u64 kShortestPause = 300 * kMicrosecond;
constexpr u64 kPauses = 3 * kMillisecond;
constexpr u64 kLastPause = 50 * kMillisecond;  // for those who compare results
/// Longest absence after a kill or a hang.
constexpr u64 kLimit = 10 * kMillisecond;

struct Counts {
  u32 made, inside, committed, outcomes[std::size(kOutcomeNames)];
  u64 longest;
};

Target targets[kMostTargets];
u32 target_count;
Counts counts;

Result<void> find_targets(const Tools& tools, const Plan& plan) {
  u64 count = TRY(tools.supervisor.count());
  for (u64 i = 0; i < count; i++) {
    Bytes name = TRY(tools.supervisor.name(i));
    for (const Probe& probe : kProbes) {
      if (name.text() != probe.service || !plan.has_target(probe.service)) continue;
      auto slot = find_slot(probe.service);
      if (slot || probe.method == kNobodyCalls) targets[target_count++] = Target(tools, probe, slot.value_or(kNoSlot), i);
    }
  }
  return {};
}

void count(const Record& record) {
  counts.made++;
  counts.outcomes[u64(record.outcome)]++;
  if (Moment(record.place.moment) == Moment::Inside) counts.inside++;
  if (Moment(record.place.moment) == Moment::Committed) counts.committed++;
  bool is_bounded = record.fault == Fault::Kill || record.fault == Fault::Hang;
  if (is_bounded && record.away > counts.longest) counts.longest = record.away;
}

/// For tools/torture.
void print(const Target& target, const Record& record) {
  log_line(LogLevel::Information,
           "fault: number=%u target=%s kind=%s at=%llu moment=%s instance=%llu address=%llx before=%llx after=%llx outcome=%s away=%llu",
           counts.made, target.name(), kFaultNames[u64(record.fault)].data(), ull(record.at), kMomentNames[record.place.moment].data(),
           ull(record.place.instance), ull(record.place.address), ull(record.place.before), ull(record.place.after),
           kOutcomeNames[u64(record.outcome)], ull(record.away));
}

void report(const Plan& plan) {
  bool is_good = counts.made == plan.faults && counts.outcomes[u64(Outcome::Stuck)] == 0 && counts.outcomes[u64(Outcome::Lost)] == 0 &&
                 counts.longest < kLimit;
  log_line(LogLevel::Information,
           "torture: %s: %u faults, %u recovered, %u dormant, %u stuck, %u lost, %u inside, %u committed, longest %llu ns",
           is_good ? "passed" : "failed", counts.made, counts.outcomes[0], counts.outcomes[1], counts.outcomes[2], counts.outcomes[3],
           counts.inside, counts.committed, ull(counts.longest));
}

Result<void> run(const Plan& plan) {
  Tools tools;
  tools.supervisor.slot = TRY(find_slot("supervisor"));
  tools.root.slot = TRY(find_slot(image::GrantKind::FaultInjection));
  TRY(find_targets(tools, plan));
  if (target_count == 0 || plan.kind_count == 0) return Error::BadArgument;
  Random random(plan.seed);
  wait_for(kFirstPause);
  for (u64 left = plan.faults; left > 0; left--) {
    wait_for(kShortestPause + random.below(kPauses));
    Target& target = targets[left % target_count];
    Record record = TRY(target.strike(plan.kinds[random.below(plan.kind_count)], random));
    count(record);
    print(target, record);
  }
  return {};
}

}  // namespace

int main() {
  Plan plan;
  read(arguments(), plan);
  read(start_information().command_line, plan);
  if (auto done = run(plan); !done) log_line(LogLevel::Error, "torture: %s", error_name(done.error()));
  report(plan);
  wait_for(kLastPause);
  if (has_command_line_word("poweroff")) (void)protocols::SupervisorClient{find_slot("supervisor").value_or(kNoSlot)}.power(0, 0);
  while (true) wait_until(0);
}
