// Who runs: the thread at the end of the chain of calls of the highest time that is ready.
#include "spec/events.h"
#include "spec/parts.h"

namespace pith::spec {

void run(FrameNumber context, FrameNumber frame) {
  Cpu& cpu = state.cpus[state.here];
  cpu.current = frame;
  cpu.context = context;
  cpu.idle = frame.raw == 0;
  if (frame.raw == 0) return;
  Thread& thread = threads[frame];
  thread.cpu = state.here;
  if (thread.in_guest) {
    u64 instruction = spec_user_word(guests[thread.guest].registers.raw, offsetof(GuestRegisters, rip) / 8);
    bool interrupted = take_interruption(frame) || guests[thread.guest].is_barred;
    if (!interrupted && instruction < kUserEnd) return;
    if (interrupted)
      leave_guest(frame, GuestExit::Interrupted, 0, 0, 0);
    else
      leave_guest(frame, GuestExit::Fault, u64(FaultKind::Memory), kUserEnd, 0);
  }
  thread.trapped = false;
}

void trapped() {
  FrameNumber current = state.cpus[state.here].current;
  if (current.raw != 0 && !threads[current].in_guest) threads[current].trapped = true;
}

}  // namespace pith::spec
