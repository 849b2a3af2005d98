// Who runs: the thread at the end of the chain of calls of the highest time that is ready, on that time (helping, after
// NOVA).
#include "spec/events.h"
#include "spec/parts.h"

namespace pith::spec {

FrameNumber next_in_chain(FrameNumber thread) {
  if (threads[thread].state == ThreadState::WaitingForReply) return threads[thread].callee;
  if (threads[thread].state == ThreadState::Calling) return endpoints[threads[thread].waiting_at].server;
  return FrameNumber();
}

FrameNumber end_of_chain(FrameNumber thread) {
  for (u32 hops = 0; hops < kChainDepth; hops++) {
    FrameNumber next = next_in_chain(thread);
    if (next.raw == 0) break;
    thread = next;
  }
  return thread;
}

bool can_be_used(FrameNumber self) {
  const SchedulingContext& context = scheduling_contexts[self];
  if (context.thread.raw == 0 || context.left == 0 || context.cpu != state.here) return false;
  FrameNumber end = end_of_chain(context.thread);
  return threads[end].state == ThreadState::Ready && !runs_elsewhere(end);
}

bool may_run(FrameNumber context, FrameNumber thread) {
  return can_be_used(context) && end_of_chain(scheduling_contexts[context].thread) == thread;
}

bool is_passed_over_rightly(FrameNumber other, FrameNumber context) {
  bool is_higher = scheduling_contexts[other].priority > scheduling_contexts[context].priority;
  return !is_higher || !can_be_used(other) || spec_is_to_be_looked_at(other.raw);
}

void run(FrameNumber context, FrameNumber frame) {
  Cpu& cpu = state.cpus[state.here];
  cpu.current = frame;
  cpu.context = context;
  if (frame.raw == 0) {
    cpu.idle = true;
    return;
  }
  end_idleness();
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
