// Flush generations: a freed frame is reused only after every CPU has forgotten its old translations.
#pragma once
#include "kernel/memory/frame.h"

namespace pith {

struct Cpu;

/// What is known of all CPUs together.
struct Flushes {
  u64 generation = 1;  ///< the current one: frames freed now belong to it, those that never were belong to 0
  u64 awaited = 0;     ///< the latest one that some CPU wanted to be flushed
  u64 forgotten = 1;   ///< what was freed in generations below this one no CPU remembers
  // The look at all CPUs that is going on: those below `looked_at` do not remember what was freed in `looked_for` or before, and never will again.
  u64 looked_for = 0;
  u32 looked_at = 0;
};

extern "C" Flushes flushes;

/// The generation that frames freed now belong to.
inline u64 current_generation() { return flushes.generation; }

/// This CPU goes on after idleness, in which it remembered no translation of user memory.
void end_idleness(Cpu& cpu);

/// Called where another CPU has interrupted `cpu`, which is this one: flushes if somebody waits for that.
void acknowledge_flush(Cpu& cpu);

/// True when no CPU can hold a translation of a frame that was freed in `generation`. Flushes this CPU when that is missing, looks at one CPU, and
/// asks it to flush; false when others are left to look at or to wait for: the caller answers Again.
bool is_flushed(u64 generation);

}  // namespace pith
