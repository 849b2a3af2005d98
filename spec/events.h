// Everything that can happen to the kernel: system calls, faults, interrupts, time.
#pragma once
#include "spec/state.h"

namespace pith::spec {

/// `caller`, which runs, makes the system call that `handle` and its words say. What it answers lies in its words and result.
void system_call(FrameNumber caller, Handle handle);
/// `thread`, which runs, cannot go on: its guest returns, or its fault endpoint is called, or it stops.
void fault_raised(FrameNumber thread, FaultKind kind, u64 address, u64 code);
/// The guest that `thread`, which runs, is in made a system call; its registers lie in its page.
void guest_system_call(FrameNumber thread);
/// The running thread is interrupted by a trap of any kind: all its registers are saved.
void trapped();
/// Who runs on the time of `thread`: the end of its chain of calls.
FrameNumber end_of_chain(FrameNumber thread);
/// The context has time left on this CPU, and the end of its chain can run.
bool can_be_used(FrameNumber context);
/// The rule of who runs: time is used by the end of its own chain and by nobody else …
bool may_run(FrameNumber context, FrameNumber thread);
/// … and, of all, the time of the highest priority is: `other` is lower, or cannot be used, or has just come back and is looked at next.
bool is_passed_over_rightly(FrameNumber other, FrameNumber context);
/// The kernel is left: `thread` (0: nobody) runs on the time of `context`. A thread in a guest enters it, unless it cannot.
void run(FrameNumber context, FrameNumber thread);
/// `thread`, which runs, or its guest, used a vector register: its state comes into this CPU, or is asked for. False: it has none.
bool use_vector_registers(FrameNumber thread);
/// Another CPU has asked something of this one.
void interruption_received();
/// A device raised its line.
void interrupt_raised(u32 line);
/// The deadline of a thread, or the replenishment of a scheduling context, has come.
void timer_fired(FrameNumber frame);

}  // namespace pith::spec
