// Contracts: where ready and parked contexts are, and when is looked again.
#include "kernel/sched/parking.h"
#include "verify/contracts/contract.h"

namespace pith {

namespace {

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

void contract_expedite(Thread& thread) {
  verify_require("own_time_is_typed");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  if (thread.scheduling_context.raw != 0) contract_enqueue_context(thread.scheduling_context);
}
void entry_contract_expedite(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  expedite(threads[thread.raw]);
}

void contract_begin_turn(Cpu& cpu, FrameNumber frame, Thread& thread) {
  forget_queues();
  verify_require("context_priority_exists");
  verify_expect(is_started(cpu) && &cpu == &this_cpu());
  verify_expect(is<SchedulingContext>(frame));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  verify_expect(thread.parking.contexts.first == frame && thread.parking.contexts.last == frame);
  SchedulingContext& context = scheduling_contexts[frame.raw];
  verify_expect(context.cpu == cpu.number && cpu.ready >> context.priority == 0);
  verify_promise(context.place == Whereabouts::Parked);
  context.parked_on = FrameNumber();
  context.place = Whereabouts::Queued;
  context.turn_start = cpu.last_accounted;
  cpu.context = frame;
}
void entry_contract_begin_turn(Of<SchedulingContext> context, Of<Thread> thread) {
  Cpu& cpu = running_cpu();
  verify_assume(is<Thread>(thread));
  begin_turn(cpu, context, threads[thread.raw]);
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

/// It says nothing of when is looked again.
void contract_recheck(Thread& thread) {
  forget(threads[0].parking.link);
  forget(threads[0].parking.until);
  forget(threads[0].parking.cpu);
  forget(threads[0].parking.hops);
  forget(cpus[0].threads_to_recheck);
  raise(cpus[0].timers.changed);
  forget(parking_clock);
  verify_expect(is_started(this_cpu()));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  if (!thread.parking.contexts.is_empty()) contract_enqueue_context(thread.parking.contexts.first);
}
void entry_contract_recheck(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  recheck(threads[thread.raw]);
}

/// It says nothing of where is looked again.
void contract_recheck_below(const Thread& thread) {
  forget_rechecks();
  raise(cpus[0].reschedule);
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

void contract_wake(Thread& thread) {
  verify_expect(is_started(this_cpu()));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  bool was_blocked = thread.state != ThreadState::Ready && thread.state != ThreadState::Receiving && thread.state != ThreadState::WaitingForReply;
  thread.state = ThreadState::Ready;
  thread.key &= ~Key::kTimeParked;
  const List& parked = thread.parking.contexts;
  bool only_own = parked.first == parked.last && parked.first == thread.scheduling_context;
  if (!parked.is_empty() && (was_blocked || thread.client.raw == 0 || !only_own)) contract_recheck(thread);
}
void entry_contract_wake(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  wake(threads[thread.raw]);
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

}  // extern "C"

}  // namespace pith
