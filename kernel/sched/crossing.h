// What one CPU asks of another: a message, and an answer to whoever asked that it must try again. Nobody waits for another CPU.
#pragma once
#include "kernel/arch/contract/memory.h"
#include "kernel/object/thread.h"

namespace pith {

/// True while another CPU runs `thread`, in user code or on its way into or out of the kernel: its registers are that CPU's and nobody else's.
inline bool runs_elsewhere(const Thread& thread) {
  u32 number = (thread.key & Key::kCpuMask) % kMaximumCpus;
  return cpus[number].current == &thread && number != this_cpu().number;
}

/// Makes `cpu` choose anew who runs on it, soon if it is another one.
inline void reschedule_on(Cpu& cpu) {
  cpu.reschedule = true;
  if (&cpu != &this_cpu()) arch::send_interruption(cpu.number);
}

/// Stops `thread` unless another CPU runs it, which is told to stop it itself at its next entry: false, and the caller tries again.
bool stop_or_ask(Thread& thread);

/// Called by the port when another CPU sent an interruption: does what was asked of this one. Stopping its thread is the scheduler's, which comes next.
void interruption_received(Cpu& cpu);

}  // namespace pith
