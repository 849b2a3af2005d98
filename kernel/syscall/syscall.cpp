// The slow way into the kernel: dispatch of one operation, then whoever runs next.
#include "kernel/syscall/syscall.h"

#include "abi/operation.h"
#include "kernel/ipc/fast.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/platform.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/scheduler.h"
#include "kernel/syscall/measure.h"
#include "kernel/syscall/system.h"

namespace pith {
/// Only the way in calls it, which keeps nothing in registers but the caller.
PITH_FAST_CALL Error dispatch(Thread& caller, Handle handle, Words& words);
}  // namespace pith

// Uses everything above.
#include "kernel/generated/dispatch.h"

namespace pith {

namespace {

/// The operation code that a handle means: the kinds with a fast path have one as well.
Handle as_operation(Handle handle) {
  if (handle.kind() == Handle::Operation) [[likely]]
    return handle;
  switch (handle.kind()) {
    case Handle::Call:
      return Handle::operation(u32(Operation::EndpointCall), handle.slot());
    case Handle::ReplyReceive:
      return Handle::operation(u32(Operation::EndpointReplyReceive), handle.slot());
    case Handle::RunGuest:
      return Handle::operation(u32(Operation::GuestRun), handle.slot());
    case Handle::Operation:
      return handle;
  }
  return handle;
}

/// What the short way back to the caller does not look after.
constexpr u32 kEndsSlowly = Key::kInGuest | Key::kFullFrame | Key::kLentTime | Key::kStopping;

}  // namespace

Result<void> System::null(Thread&) { return {}; }

Result<void> System::yield(Thread&) {
  Cpu& cpu = this_cpu();
  if (cpu.context.raw == 0) return {};
  FrameNumber context = cpu.context;
  withdraw_context(context);
  enqueue_context(context);
  cpu.reschedule = true;
  return {};
}

Result<u64> System::now(Thread&) { return arch::now(); }

void finish_entry(Cpu& cpu, u64 operation) {
  if (cpu.heavy_entry == cpu.entered)
    schedule_later(cpu);
  else
    schedule(cpu);
  note_entry(arch::counter() - cpu.entered, operation);
  arch::leave(cpu);
}

extern "C" PITH_FAST_CALL void slow_call(PITH_FAST_PARAMETERS) {
  Thread& caller = *current;
  caller.words = Words{{w0, w1, w2, w3, w4, w5}};
  caller.handle = handle;
  [[clang::musttail]] return noted_call(PITH_FAST_ARGUMENTS(0, current));
}

extern "C" PITH_FAST_CALL void noted_call(PITH_FAST_PARAMETERS) { system_call(*current); }

PITH_FAST_CALL void system_call(Thread& caller) {
  Cpu& cpu = this_cpu();
  cpu.entered = arch::counter();
  caller.result = 0;
  Handle handle = as_operation(Handle{caller.handle});
  Error error = dispatch(caller, handle, caller.words);
  if (error != kSuccess) [[unlikely]]
    caller.result = error_status(error);
  bool goes_on = cpu.current == &caller && caller.state == ThreadState::Ready && (caller.key & kEndsSlowly) == 0;
  if (!goes_on || needs_schedule(cpu)) finish_entry(cpu, handle.operation_code());
  note_entry(arch::counter() - cpu.entered, handle.operation_code());
  arch::leave_to_caller(caller);
}

void fault_raised(Thread& thread, FaultKind kind, u64 address, u64 code) {
  if ((thread.key & Key::kInGuest) != 0) {
    leave_guest(thread, GuestExit::Fault, u64(kind), address, code);
    return;
  }
  thread.key |= Key::kFaulted | Key::kFullFrame;
  thread.words = Words{{u64(kind), address, code, thread.registers.instruction(), thread.registers.stack(), thread.self.raw}};
  if (thread.fault.is_live() && begin_call(thread.fault.frame, thread, thread.fault.badge)) return;
  thread.key = (thread.key & ~Key::kFaulted) | Key::kStopping;  // the scheduler, which comes next, stops it
}

}  // namespace pith
