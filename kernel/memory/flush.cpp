// Flush generations: each CPU notes the generation at which it last forgot all translations.
#include "kernel/memory/flush.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/sched/cpu.h"

namespace pith {

constinit Flushes flushes;

namespace {

void flush(Cpu& here) {
  arch::flush_all();
  here.flushed_generation = ++flushes.generation;
}

/// An idle CPU remembers no translation of user memory: it went idle by loading the kernel's root, and comes back through the lock.
bool remembers(const Cpu& cpu, u64 freed) { return !cpu.idle && cpu.flushed_generation <= freed; }

}  // namespace

void end_idleness(Cpu& cpu) {
  cpu.idle = false;
  cpu.flushed_generation = flushes.generation;
}

void acknowledge_flush(Cpu& cpu) {
  if (cpu.flushed_generation <= flushes.awaited) flush(cpu);
}

[[gnu::noinline]] bool is_flushed(u64 freed) {
  if (freed < flushes.forgotten) return true;
  Cpu& here = this_cpu();
  u64 wanted = flushes.looked_at == 0 || freed > flushes.looked_for ? freed : flushes.looked_for;
  if (here.flushed_generation <= wanted) flush(here);
  if (flushes.looked_at == 0) flushes.looked_for = freed;
  Cpu& other = cpus[flushes.looked_at];
  if (remembers(other, flushes.looked_for)) {
    if (flushes.looked_for > flushes.awaited) flushes.awaited = flushes.looked_for;
    arch::send_interruption(flushes.looked_at);
    return false;
  }
  flushes.looked_at++;
  if (flushes.looked_at < cpu_count) return false;
  flushes.looked_at = 0;
  flushes.forgotten = flushes.looked_for + 1;
  return freed < flushes.forgotten;
}

}  // namespace pith
