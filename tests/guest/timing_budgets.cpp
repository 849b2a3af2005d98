// Budgets against what is used, and a component's share of time against a thousand threads.
#include "tests/guest/timing.h"

using namespace pith::guest_test;

namespace pith::timing {

namespace {

// ---- budgets ----

constexpr u32 kSamples = 128;

struct Sample {
  u64 time, used;
};
Sample samples[kSamples];

/// One tick of the timer; with the host's other work in the figures, its delays.
u64 tolerance() { return is_exact ? kTimerTick : 100 * kMillisecond; }
/// Of each period, from the timer's interrupt to the account.
constexpr u64 kEntry = 500;
/// What a thread may lose of its budget when it is preempted more than once in each period.
constexpr u64 kDisturbed = 20;  // percent

u64 random_state = 20261122;
u64 random_below(u64 limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % limit;
}

/// Uses its time in pieces, with rests between them.
[[noreturn]] void use_in_bursts(u64 notification) {
  while (true) {
    compute(random_below(1'500'000));
    (void)kernel::Notification{CapabilitySlot(u32(notification))}.wait(now() + random_below(3 * kMillisecond));
  }
}

/// What a budget may allow in `length` of time, wherever that begins.
u64 allowed(u64 length, u64 budget, u64 period) {
  u64 rest = length % period;
  return length / period * budget + (rest < budget ? rest : budget);
}

struct Case {
  const char *missing, *most, *least;  ///< names of its figures
  u64 budget, period;
};

/// Samples what a thread uses at random moments; every stretch between two of them is checked. Returns the largest excess.
u64 excess_of(const Thread& thread, u64 budget, u64 period) {
  for (Sample& sample : samples) {
    sleep(period / 4 + random_below(period));
    sample.used = used(thread.made.context);
    sample.time = now();
  }
  u64 excess = 0;
  for (u32 first = 0; first < kSamples; first++) {
    for (u32 last = first + 1; last < kSamples; last++) {
      u64 most = allowed(samples[last].time - samples[first].time, budget, period);
      u64 taken = samples[last].used - samples[first].used;
      if (taken > most + excess) excess = taken - most;
    }
  }
  return excess;
}

// ---- a share of time ----

constexpr u32 kThreads = 1000;
constexpr u32 kHostilePriority = 40, kVictimPriority = 10;
constexpr u64 kShare = kWholeCpu / 4, kMostShare = 64 * kWholeCpu;
constexpr u64 kHostilePeriod = 40'960'000, kHostileBudget = 10'000;  // 16/65536 each

/// Of a thousand threads' timers and turns, in per mille of a CPU: 25 turns in a millisecond, of four entries each, 500 instructions an entry.
constexpr u64 kKernelWork = 50;

[[gnu::naked]] void hog_without_stack() { asm("1: jmp 1b"); }

CapabilitySlot hostile;
CapabilitySlot contexts[kThreads], threads[kThreads];

CapabilitySlot make_hostile(ObjectType type, u64 argument) {
  FrameNumber frame = take_frame();
  CapabilitySlot slot = take_slot();
  REQUIRE(kRegion.give(hostile, frame, 1));
  REQUIRE(kernel::Region{hostile}.create(frame, type, slot, argument, FrameNumber()));
  return slot;
}

void make_component() {
  hostile = make(ObjectType::Region, kHostilePriority);
  REQUIRE(kRegion.share_time(hostile, kShare));
  for (u32 i = 0; i < kThreads; i++) {
    threads[i] = make_hostile(ObjectType::Thread, kHostilePriority);
    contexts[i] = make_hostile(ObjectType::SchedulingContext, 0);
    REQUIRE(kernel::Thread{threads[i]}.configure(RootSlot::AddressSpace, RootSlot::CapabilitySpace, FrameNumber(), kNoSlot, 0, kNoSlot));
  }
}

/// All threads run with as much time as the component gets; returns how many got some.
u32 attack(u64 budget, u64 period) {
  u32 armed = 0;
  for (u32 i = 0; i < kThreads; i++) {
    kernel::SchedulingContext context{contexts[i]};
    if (context.configure(kHostilePriority + 1, budget, period, 0)) failed("time above the component's highest priority");
    auto configured = context.configure(kHostilePriority, budget, period, i % cpus);
    if (!configured && configured.error() != Error::Limit) fail("configure", configured.error());
    if (!configured) continue;
    REQUIRE(context.bind(threads[i]));
    REQUIRE(kernel::Thread{threads[i]}.start(reinterpret_cast<u64>(&hog_without_stack), kRootMessageBuffer, 0, 0));
    armed++;
  }
  return armed;
}

void retreat() {
  for (u32 i = 0; i < kThreads; i++) {
    while (!kernel::Thread{threads[i]}.stop()) sleep(50 * kMicrosecond);
    (void)kernel::SchedulingContext{contexts[i]}.unbind();
  }
}

u64 used_by_hostile() {
  u64 sum = 0;
  for (CapabilitySlot context : contexts) sum += used(context);
  return sum;
}

volatile u64 progress;

struct Taken {
  u64 accounted, lost;  ///< per mille of a CPU: by the kernel's account, and by what the victim did less
};

/// Over twelve periods: what the attackers took, and what the victim got done, against `undisturbed` millions of instructions.
Taken measure(u64 undisturbed) {
  u64 before = used_by_hostile(), began = now(), done = progress;
  sleep(12 * kHostilePeriod);
  u64 got = progress - done, length = now() - began, taken = used_by_hostile() - before;
  u64 expected = undisturbed * length / kSecond;
  return {taken * 1000 / length, expected > got ? (expected - got) * 1000 / expected : 0};
}

}  // namespace

void check_budgets() {
  constexpr Case kCases[] = {
      {"budget_1000_of_10000_us_missing", "budget_1000_of_10000_us_excess", "budget_1000_of_10000_us_disturbed_lost_percent", kMillisecond,
       10 * kMillisecond},
      {"budget_3000_of_7000_us_missing", "budget_3000_of_7000_us_excess", "budget_3000_of_7000_us_disturbed_lost_percent", 3 * kMillisecond,
       7 * kMillisecond},
      {"budget_100_of_1000_us_missing", "budget_100_of_1000_us_excess", "budget_100_of_1000_us_disturbed_lost_percent", 100 * kMicrosecond,
       kMillisecond}};
  static Thread rest = new_thread(5), limited = new_thread(30);
  start(rest, hog, 0);  // takes what is left, so that turns have an end
  for (const Case& row : kCases) {
    start(limited, hog, 0, 0, row.budget, row.period);
    // Undisturbed: a turn begins and ends at most a tick late, in each period.
    constexpr u64 kPeriods = 50;
    sleep(2 * row.period);
    u64 before = used(limited.made.context);
    sleep(kPeriods * row.period);
    u64 got = used(limited.made.context) - before;
    check(row.missing, got < kPeriods * row.budget ? kPeriods * row.budget - got : 0, kPeriods * (tolerance() + kEntry));
    check(row.most, excess_of(limited, row.budget, row.period), tolerance());
    // Disturbed by the sampling at random moments, turns fall into parts, and of many parts the last come back together, later than they might.
    u64 due = allowed(samples[kSamples - 1].time - samples[0].time, row.budget, row.period);
    got = samples[kSamples - 1].used - samples[0].used;
    check(row.least, got < due ? (due - got) * 100 / due : 0, is_exact ? kDisturbed : 90);
    stop(limited);
  }
  CapabilitySlot pause = make(ObjectType::Notification);
  start(limited, use_in_bursts, pause.raw, 0, 2 * kMillisecond, 10 * kMillisecond);
  check("budget_used_in_bursts_excess", excess_of(limited, 2 * kMillisecond, 10 * kMillisecond), tolerance());
  stop(limited);
  stop(rest);
}

void check_share() {
  static Thread victim = new_thread(kVictimPriority);
  make_component();
  start(victim, hog, reinterpret_cast<u64>(&progress));
  u64 done = progress, began = now();
  sleep(kSecond);
  u64 undisturbed = (progress - done) * kSecond / (now() - began);
  report("victim_undisturbed_million_instructions", undisturbed);

  report("hostile_threads", attack(kHostileBudget, kHostilePeriod));
  // What is left of the share is less than a context could use.
  auto more = kernel::SchedulingContext{make_hostile(ObjectType::SchedulingContext, 0)}.configure(1, kHostileBudget, 10 * kHostileBudget, 0);
  if (more || more.error() != Error::Limit) failed("a component got more time than its share");
  // A turn that a busy host ends late is paid back later: the first thousand turns must be over before the account is right.
  u64 attacked = now(), most = kShare * 1000 / kWholeCpu + (is_exact ? 1 : 100);
  Taken taken;
  do {
    sleep(2 * kHostilePeriod);
    taken = measure(undisturbed);
  } while (!is_exact && taken.accounted > most && now() - attacked < 60 * kSecond);
  report("hostile_settled_after_ms", (now() - attacked) / kMillisecond);
  check("hostile_share_per_mille", taken.accounted, most);
  check("hostile_victim_lost_per_mille", taken.lost, is_exact ? kShare * 1000 / kWholeCpu + kKernelWork : 1000);
  retreat();

  // The same with all the time there is shows that the figures can tell.
  REQUIRE(kRegion.share_time(hostile, kMostShare));
  u32 armed = attack(kMillisecond, kMillisecond);
  report("hostile_threads_without_limit", armed);
  sleep(2 * kHostilePeriod);
  taken = measure(undisturbed);
  report("hostile_share_without_limit_per_mille", taken.accounted);
  if (taken.accounted < 900) failed("a component with all time does not take it");
  retreat();
  stop(victim);
}

}  // namespace pith::timing
