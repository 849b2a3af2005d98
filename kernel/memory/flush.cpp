// Flush generations: each CPU notes the generation at which it last forgot all translations.
#include "kernel/memory/flush.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {
u64 generation = 1;
/// The latest generation that some CPU wanted to be flushed.
u64 awaited = 0;

void flush(Cpu& here) {
  arch::flush_all();
  here.flushed_generation = ++generation;
}

}  // namespace

u64 current_generation() { return generation; }

void acknowledge_flush(Cpu& cpu) {
  if (cpu.flushed_generation <= awaited) flush(cpu);
}

bool is_flushed(u64 freed) {
  Cpu& here = this_cpu();
  if (here.flushed_generation <= freed) flush(here);
  for (u32 number = 0; number < kMaximumCpus && cpus[number].online; number++) {
    // An idle CPU remembers no translation of user memory: it went idle by loading the kernel's root, and comes back through the lock.
    if (cpus[number].idle || cpus[number].flushed_generation > freed) continue;
    if (freed > awaited) awaited = freed;
    arch::send_interruption(number);
    return false;
  }
  return true;
}

}  // namespace pith
