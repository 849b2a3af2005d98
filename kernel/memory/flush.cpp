// Flush generations: each CPU notes the generation at which it last forgot all translations.
#include "kernel/memory/flush.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {
u64 generation = 1;
/// The latest generation that some CPU wanted to be flushed.
u64 awaited = 0;

/// CPUs that one entry looks at.
constexpr u32 kCpusPerEntry = 8;
/// What was freed in generations below this one no CPU remembers.
u64 forgotten = 0;
/// The look at all CPUs that is going on: those below `looked_at` do not remember what was freed in `looked_for` or before, and never will again.
u64 looked_for = 0;
u32 looked_at = 0;

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
  if (freed < forgotten) return true;
  if (looked_at >= kMaximumCpus || !cpus[looked_at].online) looked_at = 0;
  if (looked_at == 0) looked_for = freed;
  if (here.flushed_generation <= looked_for) flush(here);
  for (u32 looks = 0; looks < kCpusPerEntry; looks++) {
    u32 number = looked_at;
    // An idle CPU remembers no translation of user memory: it went idle by loading the kernel's root, and comes back through the lock.
    if (!cpus[number].idle && cpus[number].flushed_generation <= looked_for) {
      if (looked_for > awaited) awaited = looked_for;
      arch::send_interruption(number);
      return false;
    }
    looked_at = number + 1;
    if (looked_at >= kMaximumCpus || !cpus[looked_at].online) {
      looked_at = 0;
      forgotten = looked_for + 1;
      return freed < forgotten;
    }
  }
  return false;
}

}  // namespace pith
