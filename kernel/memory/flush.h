// Flush generations: a freed frame is reused only after every CPU has forgotten its old translations.
#pragma once
#include "kernel/memory/frame.h"

namespace pith {

struct Cpu;

/// The generation that frames freed now belong to.
u64 current_generation();

/// Called where another CPU has interrupted `cpu`, which is this one: flushes if somebody waits for that.
void acknowledge_flush(Cpu& cpu);

/// True when no CPU can hold a translation of a frame that was freed in `generation`. Flushes this CPU if that is all that is missing;
/// otherwise asks the others to and answers false: the caller answers Again.
bool is_flushed(u64 generation);

}  // namespace pith
