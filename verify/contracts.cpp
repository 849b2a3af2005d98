// Contracts of the functions that move objects between lists: what they do to everything but the lists. Each is proved once, by the entry of its name.
#include "kernel/object/endpoint.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/budget.h"
#include "kernel/sched/parking.h"
#include "kernel/sched/scheduler.h"
#include "spec/invariants/predicate.h"
#include "verify/entry.h"

namespace pith {

namespace {

template <class T>
[[gnu::always_inline]] inline void forget(const T& field) {
  verify_forget(&field, sizeof field);
}

template <class T>
[[gnu::always_inline]] inline void raise(const T& field) {
  verify_raise(&field, sizeof field);
}

/// Where ready and parked contexts are.
[[gnu::always_inline]] inline void forget_queues() {
  forget(scheduling_contexts[0].queue_link);
  forget(cpus[0].queue[0]);
  forget(cpus[0].ready);
  raise(cpus[0].reschedule);
  forget(threads[0].parking.contexts);
  forget(endpoints[0].parking.contexts);
}

/// Where calls wait.
[[gnu::always_inline]] inline void forget_calls() {
  forget(threads[0].queue_link);
  forget(endpoints[0].queue[0]);
  forget(endpoints[0].set_aside_calls);
  forget(endpoints[0].callers);
}

/// Where timers are in the wheels.
[[gnu::always_inline]] inline void forget_wheels() {
  forget(threads[0].timer.link);
  forget(scheduling_contexts[0].timer.link);
  forget(cpus[0].timers.occupied[0]);
  forget(cpus[0].timers.slot[0][0]);
}

[[gnu::always_inline]] inline void require_timers() {
  verify_require("thread_timer_is_in_a_wheel");
  verify_require("thread_timer_is_in_a_level");
  verify_require("thread_timer_is_in_a_slot");
  verify_require("context_timer_is_in_a_wheel");
  verify_require("context_timer_is_in_a_level");
  verify_require("context_timer_is_in_a_slot");
}

bool is_parked(const SchedulingContext& context) { return context.place == Whereabouts::Parked || context.place == Whereabouts::AtDoor; }

}  // namespace

extern "C" {

void contract_withdraw_context(FrameNumber frame) {
  forget_queues();
  verify_require("context_cpu_exists");
  verify_require("context_priority_exists");
  verify_require("parked_context_is_at_a_thread");
  verify_require("context_at_a_door_is_at_an_endpoint");
  verify_expect(is<SchedulingContext>(frame));
  SchedulingContext& context = scheduling_contexts[frame.raw];
  if (is_parked(context)) context.parked_on = FrameNumber();
  context.place = Whereabouts::Nowhere;
}
void entry_contract_withdraw_context(FrameNumber frame) {
  running_cpu();
  withdraw_context(frame);
}

void contract_enqueue_context(FrameNumber frame) {
  forget_queues();
  verify_require("context_cpu_exists");
  verify_require("context_priority_exists");
  verify_require("parked_context_is_at_a_thread");
  verify_require("context_at_a_door_is_at_an_endpoint");
  verify_require("time_in_use_is_a_context");
  verify_expect(is<SchedulingContext>(frame));
  SchedulingContext& context = scheduling_contexts[frame.raw];
  bool is_to_run = context.place == Whereabouts::Queued || (context.thread.raw != 0 && context.left != 0);
  if (is_parked(context)) context.parked_on = FrameNumber();
  context.place = is_to_run ? Whereabouts::Queued : Whereabouts::Nowhere;
}
void entry_contract_enqueue_context(FrameNumber frame) {
  running_cpu();
  enqueue_context(frame);
}

void contract_look_again(Thread& thread, u32 hops) {
  forget(threads[0].parking.link);
  forget(threads[0].parking.until);
  forget(cpus[0].threads_to_recheck);
  raise(cpus[0].timers.changed);
  forget(parking_clock);
  Cpu& cpu = this_cpu();
  verify_expect(is_started(cpu));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  if (thread.parking.hops < hops) thread.parking.hops = hops;
  if (thread.parking.cpu == 0) thread.parking.cpu = cpu.number + 1;
}
void entry_contract_look_again(FrameNumber frame, u32 hops) {
  running_cpu();
  verify_assume(is<Thread>(frame));
  look_again(threads[frame.raw], hops);
}

void contract_look_again_at_door(Endpoint& endpoint) {
  forget(endpoints[0].parking.link);
  forget(endpoints[0].parking.until);
  forget(cpus[0].doors_to_recheck);
  raise(cpus[0].timers.changed);
  forget(parking_clock);
  Cpu& cpu = this_cpu();
  verify_expect(is_started(cpu));
  if (endpoint.parking.cpu == 0) endpoint.parking.cpu = cpu.number + 1;
}
void entry_contract_look_again_at_door(Of<Endpoint> endpoint) {
  running_cpu();
  verify_assume(is<Endpoint>(endpoint));
  look_again_at_door(endpoints[endpoint.raw]);
}

/// It says nothing of where is looked again.
void contract_recheck_below(const Thread& thread) {
  forget(threads[0].parking.link);
  forget(threads[0].parking.until);
  forget(threads[0].parking.cpu);
  forget(threads[0].parking.hops);
  forget(endpoints[0].parking.link);
  forget(endpoints[0].parking.until);
  forget(endpoints[0].parking.cpu);
  forget(cpus[0].threads_to_recheck);
  forget(cpus[0].doors_to_recheck);
  raise(cpus[0].timers.changed);
  raise(cpus[0].reschedule);
  forget(parking_clock);
  verify_require("thread_knows_itself");
  verify_require("thread_cpu_exists");
  verify_require("callee_is_a_thread");
  verify_require("call_waits_at_an_endpoint");
  verify_require("server_is_a_thread");
  verify_require("only_who_waits_for_a_reply_has_a_callee");
  verify_expect(is_started(this_cpu()));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
}
void entry_contract_recheck_below(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  recheck_below(threads[thread.raw]);
}

void contract_look_no_more(Thread& thread) {
  forget(threads[0].parking.link);
  forget(cpus[0].threads_to_recheck);
  verify_require("rechecked_thread_is_in_a_list");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  if (thread.parking.cpu != 0) thread.parking.hops = 0;
  thread.parking.cpu = 0;
}
void entry_contract_look_no_more(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  look_no_more(threads[thread.raw]);
}

void contract_look_no_more_at_door(Endpoint& endpoint) {
  forget(endpoints[0].parking.link);
  forget(cpus[0].doors_to_recheck);
  verify_require("rechecked_door_is_in_a_list");
  endpoint.parking.cpu = 0;
}
void entry_contract_look_no_more_at_door(Of<Endpoint> endpoint) {
  running_cpu();
  verify_assume(is<Endpoint>(endpoint));
  look_no_more_at_door(endpoints[endpoint.raw]);
}

void contract_park(FrameNumber frame, Thread& thread) {
  forget_queues();
  verify_expect(is<SchedulingContext>(frame));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  SchedulingContext& context = scheduling_contexts[frame.raw];
  verify_expect(context.place == Whereabouts::Nowhere);
  context.place = Whereabouts::Parked;
  context.parked_on = thread.self;
  context.parked_at = parking_clock;
}
void entry_contract_park(Of<SchedulingContext> context, Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  park(context, threads[thread.raw]);
}

void contract_park_at_door(FrameNumber frame, Endpoint& endpoint) {
  forget_queues();
  verify_expect(is<SchedulingContext>(frame));
  SchedulingContext& context = scheduling_contexts[frame.raw];
  verify_expect(context.place == Whereabouts::Nowhere);
  context.place = Whereabouts::AtDoor;
  context.parked_on = frame_of(endpoint);
  context.parked_at = parking_clock;
}
void entry_contract_park_at_door(Of<SchedulingContext> context, Of<Endpoint> endpoint) {
  running_cpu();
  verify_assume(is<Endpoint>(endpoint));
  park_at_door(context, endpoints[endpoint.raw]);
}

void contract_charge(SchedulingContext& context, u64 passed) {
  forget(scheduling_contexts[0].pending[0]);
  forget(scheduling_contexts[0].first_pending);
  forget(scheduling_contexts[0].pending_count);
  forget(scheduling_contexts[0].debt);
  verify_expect(passed < u64{1} << 63);
  u64 used = verify_some(context.used + passed);
  verify_promise(used >= context.used);
  context.used = used;
  u64 left = verify_some(passed < context.left ? context.left - passed : 0);
  verify_promise(left <= context.left);
  context.left = left;
}
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

void contract_enqueue_call(Thread& caller, bool in_front) {
  forget_calls();
  verify_require("context_priority_exists");
  verify_require("own_time_is_typed");
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  verify_expect(caller.state != ThreadState::Calling && caller.state != ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at) && endpoints[caller.waiting_at.raw].receiver.raw == 0);
  verify_expect(caller.level < kPriorities);
  if (in_front && caller.scheduling_context.raw != 0) caller.level = scheduling_contexts[caller.scheduling_context.raw].priority;
  caller.state = ThreadState::Calling;
}
void entry_contract_enqueue_call(Of<Thread> thread, bool in_front) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  enqueue_call(threads[thread.raw], in_front);
}

void contract_withdraw_call(Thread& caller) {
  forget_calls();
  verify_require("call_level_exists");
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  verify_expect(caller.state == ThreadState::Calling || caller.state == ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at));
  caller.state = ThreadState::Inactive;
}
void entry_contract_withdraw_call_of_caller(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread) && threads[thread.raw].state == ThreadState::Calling);
  withdraw_call(threads[thread.raw]);
}
void entry_contract_withdraw_call_of_set_aside(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread) && threads[thread.raw].state == ThreadState::SetAside);
  withdraw_call(threads[thread.raw]);
}

void contract_put_aside(Thread& caller) {
  forget_calls();
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  verify_expect(caller.state != ThreadState::Calling && caller.state != ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at));
  caller.state = ThreadState::SetAside;
}
void entry_contract_put_aside(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  put_aside(threads[thread.raw]);
}

}  // extern "C"

}  // namespace pith
