// The ways into the kernel as the prover starts them: what holds when the port's entry code calls, then the call.
#include "kernel/ipc/fast.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/scheduler.h"
#include "kernel/syscall/syscall.h"
#include "spec/invariants/predicate.h"

namespace pith {

extern "C" {
/// The rest of the proof speaks of states in which this holds.
void verify_assume(bool condition);
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

/// This processor is one that was started.
Cpu& running_cpu() {
  verify_assume(frame_count > 0 && frame_count <= kMaximumFrames);
  Cpu& cpu = this_cpu();
  verify_assume(cpu.number < kMaximumCpus);
  verify_assume(&cpu == &cpus[cpu.number]);
  verify_assume(cpu.online);
  return cpu;
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
  Thread* current = &running(caller);
  verify_assume((current->key & Key::kInGuest) == 0);
  fast_call(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_reply_receive(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
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

void entry_timer_fired(FrameNumber frame) {
  running_cpu();
  verify_assume(is<Thread>(frame) || is<SchedulingContext>(frame));
  timer_fired(frame);
}

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
