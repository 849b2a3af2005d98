// Messages between CPUs: each is a mark in what both see, under the kernel lock, and an interruption.
#include "kernel/sched/crossing.h"

#include "kernel/memory/flush.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/scheduler.h"

namespace pith {

bool stop_or_ask(Thread& thread) {
  if (!runs_elsewhere(thread)) {
    stop_thread(thread);
    return true;
  }
  thread.key |= Key::kStopping;
  arch::send_interruption(thread.key & Key::kCpuMask);
  return false;
}

void interruption_received(Cpu& cpu) {
  acknowledge_flush(cpu);
  if (cpu.vector_wanted) {
    cpu.vector_wanted = false;
    if (cpu.vector_owner.raw != 0) evict_vector_state(cpu.vector_owner);
  }
}

}  // namespace pith
