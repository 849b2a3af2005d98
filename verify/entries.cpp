// The ways into the kernel as the prover starts them: what holds when the port's entry code calls, then the call.
#include "kernel/ipc/fast.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/scheduler.h"
#include "kernel/syscall/syscall.h"
#include "spec/invariants/predicate.h"
#include "verify/entry.h"

namespace pith {

extern "C" {
PITH_FAST_CALL void fast_call(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_reply_receive(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_signal(PITH_FAST_PARAMETERS);
}

namespace {

/// The thread that the entry interrupted: it runs on this processor.
Thread& running(FrameNumber frame) {
  verify_assume(is<Thread>(frame));
  Thread& thread = threads[frame.raw];
  verify_assume(this_cpu().current == &thread);
  verify_assume(thread.state == ThreadState::Ready);
  return thread;
}

}  // namespace

extern "C" {

/// A system call off the fast path: `operation` is fixed by the prover, everything else is the caller's choice.
void entry_operation(u64 operation, FrameNumber caller, CapabilitySlot slot, u64 length) {
  running_cpu();
  Thread& thread = running(caller);
  verify_assume((thread.key & Key::kInGuest) == 0);
  thread.handle = (length << 32) | Handle::operation(u32(operation), slot).raw;
  system_call(thread);
}

void entry_schedule() { schedule(running_cpu()); }

/// Nothing, or a thread that is ready, is entered as the scheduler left it.
void entry_leave() { arch::leave(running_cpu()); }

void entry_fast_call(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  verify_assume(Handle{handle}.kind() == Handle::Call);
  Thread* current = &running(caller);
  verify_assume((current->key & Key::kInGuest) == 0);
  fast_call(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_reply_receive(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  verify_assume(Handle{handle}.kind() == Handle::ReplyReceive);
  Thread* current = &running(caller);
  verify_assume((current->key & Key::kInGuest) == 0);
  fast_reply_receive(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_signal(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  Thread* current = &running(caller);
  verify_assume((current->key & Key::kInGuest) == 0);
  fast_signal(PITH_FAST_ARGUMENTS(handle, current));
}

/// The interrupt of the timer, whatever it finds to do.
void entry_timer_interrupted() { timer_interrupted(running_cpu()); }

void entry_fault_raised(FrameNumber thread, u32 kind, u64 address, u64 code) {
  running_cpu();
  fault_raised(running(thread), FaultKind(kind), address, code);
}

void entry_interrupt_raised(u32 line) {
  running_cpu();
  interrupt_raised(line);
}

}  // extern "C"

}  // namespace pith
