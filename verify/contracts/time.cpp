// Contracts: budgets, timers, and what processors remember.
#include "kernel/memory/flush.h"
#include "kernel/sched/budget.h"
#include "verify/contracts/contract.h"

namespace pith {

extern "C" {

void contract_charge(SchedulingContext& context, u64 passed) {
  forget(scheduling_contexts[0].pending[0]);
  forget(scheduling_contexts[0].first_pending);
  forget(scheduling_contexts[0].pending_count);
  forget(scheduling_contexts[0].debt);
  verify_require("no_more_is_left_than_the_budget");
  verify_require("budget_is_at_most_a_minute");
  verify_expect(passed < u64{1} << 63);
  u64 used = verify_some(context.used + passed);
  verify_promise(used >= context.used);
  context.used = used;
  u64 left = verify_some(passed < context.left ? context.left - passed : 0);
  verify_promise(left <= context.left && (left != 0) == (passed < context.left));
  context.left = left;
}
/// The ring of what comes back is proved for each place where it may begin.
#define CHARGE_OF_RING_AT(first)                                                                  \
  void entry_contract_charge_of_ring_at_##first(Of<SchedulingContext> context, u64 passed) {      \
    running_cpu();                                                                                \
    verify_assume(is<SchedulingContext>(context));                                                \
    verify_assume(scheduling_contexts[context.raw].first_pending == first);                       \
    verify_assume(passed < u64{1} << 63);                                                         \
    verify_split(scheduling_contexts[context.raw].pending_count, kReplenishments + 1);            \
    charge(scheduling_contexts[context.raw], passed);                                             \
  }
CHARGE_OF_RING_AT(0)
CHARGE_OF_RING_AT(1)
CHARGE_OF_RING_AT(2)
CHARGE_OF_RING_AT(3)
static_assert(kReplenishments == 4);

void contract_give_back(SchedulingContext& context, u64) {
  forget(scheduling_contexts[0].pending[0]);
  forget(scheduling_contexts[0].first_pending);
  forget(scheduling_contexts[0].pending_count);
  forget(scheduling_contexts[0].debt);
  verify_require("configured_context_has_a_budget");
  verify_require("budget_is_at_most_a_minute");
  verify_expect(is<SchedulingContext>(frame_of(context)));
  verify_expect(context.configured && is_limited(context));
  verify_expect(context.left == 0);
  u64 left = verify_any();
  verify_promise(left <= context.budget);
  context.left = left;
}
#define GIVE_BACK_OF_RING_AT(first)                                                                  \
  void entry_contract_give_back_of_ring_at_##first(Of<SchedulingContext> context, u64 now) {         \
    running_cpu();                                                                                   \
    verify_assume(is<SchedulingContext>(context));                                                   \
    verify_assume(scheduling_contexts[context.raw].first_pending == first);                          \
    verify_split(scheduling_contexts[context.raw].pending_count, kReplenishments + 1);               \
    give_back(scheduling_contexts[context.raw], now);                                                \
  }
GIVE_BACK_OF_RING_AT(0)
GIVE_BACK_OF_RING_AT(1)
GIVE_BACK_OF_RING_AT(2)
GIVE_BACK_OF_RING_AT(3)

u32 contract_earliest(const TimerWheel& wheel) {
  u32 first = verify_any_word();
  verify_promise(first <= kNothingArmed);
  verify_promise(first == kNothingArmed || (wheel.occupied[first / kTimerSlots % kTimerLevels] >> first % kTimerSlots & 1) != 0);
  return first;
}
u32 entry_contract_earliest(CpuIndex cpu) {
  running_cpu();
  verify_assume(cpu.raw < kMaximumCpus);
  return cpus[cpu.raw].timers.earliest();
}

void contract_insert_node(TimerWheel& wheel, FrameNumber frame) {
  forget_wheels();
  forget(threads[0].timer.level);
  forget(threads[0].timer.slot);
  forget(scheduling_contexts[0].timer.level);
  forget(scheduling_contexts[0].timer.slot);
  verify_expect(is<Thread>(frame) || is<SchedulingContext>(frame));
  TimerNode& node = timer_node(frame);
  verify_expect(!node.armed);
  verify_expect(node.cpu < kMaximumCpus && &wheel == &cpus[node.cpu].timers);
  node.armed = true;
}
void entry_contract_insert_node_of_thread(FrameNumber frame, CpuIndex cpu) {
  running_cpu();
  verify_assume(is<Thread>(frame) && cpu.raw < kMaximumCpus);
  cpus[cpu.raw].timers.insert_node(frame);
}
void entry_contract_insert_node_of_context(FrameNumber frame, CpuIndex cpu) {
  running_cpu();
  verify_assume(is<SchedulingContext>(frame) && cpu.raw < kMaximumCpus);
  cpus[cpu.raw].timers.insert_node(frame);
}

void contract_remove_node(TimerWheel& wheel, FrameNumber frame) {
  forget_wheels();
  require_timers();
  verify_expect(is<Thread>(frame) || is<SchedulingContext>(frame));
  TimerNode& node = timer_node(frame);
  verify_expect(node.armed);
  verify_expect(node.cpu < kMaximumCpus && &wheel == &cpus[node.cpu].timers);
  node.armed = false;
}
void entry_contract_remove_node_of_first_thread(FrameNumber frame, CpuIndex cpu) {
  running_cpu();
  verify_assume(is<Thread>(frame) && threads[frame.raw].timer.link.previous.raw == 0 && cpu.raw < kMaximumCpus);
  cpus[cpu.raw].timers.remove_node(frame);
}
void entry_contract_remove_node_of_later_thread(FrameNumber frame, CpuIndex cpu) {
  running_cpu();
  verify_assume(is<Thread>(frame) && threads[frame.raw].timer.link.previous.raw != 0 && cpu.raw < kMaximumCpus);
  cpus[cpu.raw].timers.remove_node(frame);
}
void entry_contract_remove_node_of_first_context(FrameNumber frame, CpuIndex cpu) {
  running_cpu();
  verify_assume(is<SchedulingContext>(frame) && scheduling_contexts[frame.raw].timer.link.previous.raw == 0 && cpu.raw < kMaximumCpus);
  cpus[cpu.raw].timers.remove_node(frame);
}
void entry_contract_remove_node_of_later_context(FrameNumber frame, CpuIndex cpu) {
  running_cpu();
  verify_assume(is<SchedulingContext>(frame) && scheduling_contexts[frame.raw].timer.link.previous.raw != 0 && cpu.raw < kMaximumCpus);
  cpus[cpu.raw].timers.remove_node(frame);
}

/// It says nothing of when the timer fires.
void contract_arm_timer(FrameNumber frame, u64) {
  forget_wheels();
  forget(threads[0].timer.tick);
  forget(threads[0].timer.level);
  forget(threads[0].timer.slot);
  forget(scheduling_contexts[0].timer.tick);
  forget(scheduling_contexts[0].timer.level);
  forget(scheduling_contexts[0].timer.slot);
  forget(cpus[0].timers.position);
  forget(cpus[0].timers.next);
  raise(cpus[0].timers.changed);
  const Cpu& here = this_cpu();
  verify_expect(is_started(here));
  verify_expect(is<Thread>(frame) || is<SchedulingContext>(frame));
  TimerNode& node = timer_node(frame);
  verify_expect(!node.armed);
  node.cpu = u8(here.number);
  node.armed = true;
}
void entry_contract_arm_timer(FrameNumber frame, u64 deadline) {
  running_cpu();
  arm_timer(frame, deadline);
}

void contract_disarm_timer(FrameNumber frame) {
  forget_wheels();
  require_timers();
  verify_expect(is<Thread>(frame) || is<SchedulingContext>(frame));
  timer_node(frame).armed = false;
}
void entry_contract_disarm_timer(FrameNumber frame) {
  running_cpu();
  disarm_timer(frame);
}

/// It says nothing of how far the look at all CPUs has come.
bool contract_is_flushed(u64 freed) {
  forget(flushes.generation);
  forget(flushes.awaited);
  forget(flushes.looked_for);
  forget(flushes.looked_at);
  forget(cpus[0].flushed_generation);
  Cpu& here = this_cpu();
  verify_expect(is_started(here));
  verify_expect(freed <= flushes.generation);
  bool looks = freed >= flushes.forgotten;
  u64 wanted = flushes.looked_at == 0 || freed > flushes.looked_for ? freed : flushes.looked_for;
  u64 looked_for = flushes.looked_at == 0 ? freed : flushes.looked_for;
  const Cpu& other = cpus[flushes.looked_at];
  bool flushes_here = here.flushed_generation <= wanted;
  u64 flushed = flushes_here && &other == &here ? flushes.generation + 1 : other.flushed_generation;
  bool ends = looks && (other.idle || flushed > looked_for) && flushes.looked_at + 1 >= cpu_count;
  u64 forgotten = verify_some(ends ? looked_for + 1 : flushes.forgotten);
  flushes.forgotten = forgotten;
  bool answer = verify_any_bit();
  verify_promise(!answer || freed < forgotten);
  return answer;
}
bool entry_contract_is_flushed(u64 freed) {
  running_cpu();
  return is_flushed(freed);
}

}  // extern "C"

}  // namespace pith
