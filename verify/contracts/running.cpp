// Contracts: who runs, and stopping it.
#include "kernel/object/notification.h"
#include "kernel/sched/chain.h"
#include "kernel/sched/crossing.h"
#include "verify/contracts/contract.h"

namespace pith {

/// Only what choosing is about changes in a key.
RELATION(key_says_who_runs, Of<Thread> thread) {
  FOR_ALL(thread);
  constexpr u32 kChosen = Key::kCpuMask | Key::kVectorLive | Key::kAwaited | Key::kSlowReply | Key::kTimeParked;
  u32 before = old([=] { return at<Thread>(thread).key; });
  return ((at<Thread>(thread).key ^ before) & ~kChosen) == 0;
}

/// Who runs here knows that; it can be awaited by time of another CPU later only.
RELATION(who_runs_is_of_this_cpu, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(this_cpu_at().current == &threads[thread.raw]);
  return (at<Thread>(thread).key & (Key::kLentTime | Key::kAwaited | Key::kCpuMask)) == this_cpu_at().number;
}

namespace {

[[gnu::always_inline]] inline ChainEnd any_end(FrameNumber first) {
  require_chains();
  verify_return_apart();
  verify_expect(is<Thread>(first));
  ChainEnd end = __builtin_bit_cast(ChainEnd, verify_any());
  verify_promise(is<Thread>(end.thread));
  return end;
}

[[gnu::always_inline]] inline void expect_choice(const Cpu& cpu) {
  verify_expect(is_started(cpu) && &cpu == &this_cpu());
  verify_expect(cpu.current == nullptr || (cpu.current->key & (Key::kLentTime | Key::kAwaited)) == 0);
}

}  // namespace

extern "C" {

ChainEnd contract_end_of_chain(FrameNumber first) { return any_end(first); }
ChainEnd entry_contract_end_of_chain(FrameNumber first) {
  running_cpu();
  return end_of_chain(first);
}

ChainEnd contract_end_of_short_chain(FrameNumber first) { return any_end(first); }
ChainEnd entry_contract_end_of_short_chain(FrameNumber first) {
  running_cpu();
  return end_of_short_chain(first);
}

bool contract_try_to_run(Cpu& cpu, FrameNumber context, ChainEnd end) {
  forget(threads[0].key);
  forget(scheduling_contexts[0].turn_start);
  verify_keep_all();
  verify_obey("key_says_who_runs");
  verify_obey("who_runs_is_of_this_cpu");
  expect_choice(cpu);
  verify_expect(is<SchedulingContext>(context) && is<Thread>(end.thread));
  verify_expect(scheduling_contexts[context.raw].cpu == cpu.number && scheduling_contexts[context.raw].place == Whereabouts::Queued);
  bool runs = threads[end.thread.raw].state == ThreadState::Ready && !runs_elsewhere(threads[end.thread.raw]);
  if (!runs) return false;
  cpu.reschedule = false;
  cpu.current = &threads[end.thread.raw];
  cpu.context = context;
  return true;
}
bool entry_contract_try_to_run(FrameNumber context, FrameNumber end, u32 is_client) {
  return try_to_run(running_cpu(), context, {end, is_client});
}

/// It says nothing of whose turn it is, but that it can run.
void contract_choose(Cpu& cpu) {
  forget_queues();
  forget_rechecks();
  forget(cpus[0].reschedule);
  forget(scheduling_contexts[0].place);
  forget(scheduling_contexts[0].parked_on);
  forget(scheduling_contexts[0].parked_at);
  forget(scheduling_contexts[0].turn_start);
  forget(threads[0].key);
  verify_keep_all();
  verify_obey("key_says_who_runs");
  verify_obey("who_runs_is_of_this_cpu");
  expect_choice(cpu);
  u32 thread = verify_any_word(), context = verify_any_word();
  verify_promise(thread == 0 || (is<Thread>(FrameNumber(thread)) && threads[thread].state == ThreadState::Ready));
  verify_promise((thread == 0) == (context == 0) && (context == 0 || is<SchedulingContext>(FrameNumber(context))));
  cpu.current = verify_thread(thread);
  cpu.context = FrameNumber(context);
}
void entry_contract_choose() { choose(running_cpu()); }

void contract_stop_thread(Thread& thread) {
  verify_keep_all();
  verify_expect(is_started(this_cpu()));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  verify_expect(!runs_elsewhere(thread));
  if (thread.state != ThreadState::Inactive && thread.state != ThreadState::Ready) thread.result = error_status(Error::Cancelled);
  if (thread.state == ThreadState::Calling || thread.state == ThreadState::SetAside) {
    contract_recheck_below(thread);
    contract_withdraw_call(thread);
  } else if (thread.state == ThreadState::WaitingForReply) {
    contract_recheck_below(thread);
    Thread& server = threads[thread.callee.raw];
    server.client = FrameNumber();
    server.key &= ~Key::kSlowReply;
    thread.callee = FrameNumber();
  } else if (thread.state == ThreadState::Receiving) {
    endpoints[thread.waiting_at.raw].receiver = FrameNumber();
  } else if (thread.state == ThreadState::Waiting) {
    notifications[thread.waiting_at.raw].waiter = FrameNumber();
  }
  contract_disarm_timer(thread.self);
  thread.key &= ~(Key::kDeadline | Key::kFaulted | Key::kSlowReply | Key::kStopping | Key::kLentTime);
  thread.waiting_at = FrameNumber();
  thread.state = ThreadState::Inactive;
  contract_return_call(thread);
}
void entry_contract_stop_thread(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  stop_thread(threads[thread.raw]);
}

}  // extern "C"

}  // namespace pith
