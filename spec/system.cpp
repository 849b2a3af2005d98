// Entering the kernel: system calls, faults and timers.
#include "spec/events.h"
#include "spec/generated/dispatch.h"
#include "spec/parts.h"

namespace pith::spec {

Error system_null(FrameNumber) { return kSuccess; }

/// Whose turn it is is the scheduler's affair.
Error system_yield(FrameNumber) { return kSuccess; }

Error system_now(FrameNumber, Results& results) {
  results = {{state.now}};
  return kSuccess;
}

namespace {

/// The kinds of handle that have a fast way in mean these operations.
u32 operation_of(Handle handle) {
  switch (handle.kind()) {
    case Handle::Call:
      return u32(Operation::EndpointCall);
    case Handle::ReplyReceive:
      return u32(Operation::EndpointReplyReceive);
    case Handle::RunGuest:
      return u32(Operation::GuestRun);
    case Handle::Operation:
      return handle.operation_code();
  }
  return handle.operation_code();
}

}  // namespace

void system_call(FrameNumber caller, Handle handle) {
  threads[caller].result = 0;
  Error error = dispatch(caller, Operation(operation_of(handle)), handle);
  if (error != kSuccess) threads[caller].result = error_status(error);
}

void fault_raised(FrameNumber frame, FaultKind kind, u64 address, u64 code) {
  Thread& thread = threads[frame];
  if (thread.in_guest) return leave_guest(frame, GuestExit::Fault, u64(kind), address, code);
  thread.trapped = true;
  thread.faulted = true;
  const u64 words[kRegisterWords] = {u64(kind), address, code, thread.registers[u64(Register::Rip)], thread.registers[u64(Register::Rsp)],
                                     frame.raw};
  for (u32 i = 0; i < kRegisterWords; i++) thread.words[i] = words[i];
  thread.message_words = kRegisterWords;
  thread.message_capabilities = 0;
  bool is_handled = is_live(thread.fault) && begin_call(thread.fault.frame, frame, thread.fault.badge) == kSuccess;
  if (!is_handled) stop(frame);
}

void interruption_received() {
  Cpu& cpu = state.cpus[state.here];
  flush();
  if (cpu.vector_wanted && cpu.vector_owner.raw != 0) evict_vector_state(cpu.vector_owner);
  cpu.vector_wanted = false;
  if (cpu.current.raw != 0 && threads[cpu.current].stopping) stop(cpu.current);
}

void guest_system_call(FrameNumber thread) { leave_guest(thread, GuestExit::SystemCall, 0, 0, 0); }

void timer_fired(FrameNumber frame) {
  if (frames[frame].type == ObjectType::Thread) {
    threads[frame].deadline = 0;
    cancel_wait(frame, Error::TimedOut);
    return;
  }
  SchedulingContext& context = scheduling_contexts[frame];
  context.replenished_at = 0;
  context.left = context.budget;
  context.period_start = state.now;
}

}  // namespace pith::spec
