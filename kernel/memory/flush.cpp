// Flush generations: each CPU notes the generation at which it last forgot all translations.
#include "kernel/memory/flush.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {
u64 generation = 1;
}

u64 current_generation() { return generation; }

bool is_flushed(u64 freed) {
  Cpu& here = this_cpu();
  if (here.flushed_generation <= freed) {
    arch::flush_all();
    here.flushed_generation = ++generation;
  }
  for (u32 number = 0; number < kMaximumCpus; number++) {
    if (cpus[number].online && cpus[number].flushed_generation <= freed) {
      arch::send_interruption(number);
      return false;
    }
  }
  return true;
}

}  // namespace pith
