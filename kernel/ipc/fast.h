// The shape of the fast path: message words stay in registers as parameters, from entry to exit.
#pragma once
#include "kernel/object/thread.h"
#include "port/fast.h"

// port/fast.h defines the calling convention PITH_FAST_CALL, the parameter list PITH_FAST_PARAMETERS (words w0…w5, handle, current), and
// PITH_FAST_ARGUMENTS(handle, current) which passes them on.

/// Leaves for the slow way with every parameter as it was and the kernel lock held.
#define PITH_GO_SLOW \
  { [[clang::musttail]] return slow_call(PITH_FAST_ARGUMENTS(handle, current)); }

namespace pith {

extern "C" {
/// Enters user code as `current` (the next thread) with the words in registers and `handle` as status; releases the kernel lock on the way.
PITH_FAST_CALL void fast_resume(PITH_FAST_PARAMETERS);
/// The slow way; takes the lock over.
PITH_FAST_CALL void slow_call(PITH_FAST_PARAMETERS);
}

/// Stores what the caller asked for in its thread and goes the slow way.
[[noreturn]] void store_entry(Thread& caller, u64 handle, const Words& words);

}  // namespace pith
