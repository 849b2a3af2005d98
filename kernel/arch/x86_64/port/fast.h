// The fast path's calling convention on x86-64: preserve_none has twelve argument registers; the words sit where the entry ABI has them.
#pragma once
#include "base/types.h"

#define PITH_FAST_CALL [[clang::preserve_none]]
#define PITH_FAST_PARAMETERS                                                                                                        \
  ::u64 handle, ::u64 unused1, ::u64 unused2, ::u64 unused3, ::u64 w0, ::u64 w1, ::u64 w2, ::u64 unused4, ::u64 w3, ::u64 w4,         \
      Thread *current, ::u64 w5
#define PITH_FAST_ARGUMENTS(handle, current)                                                                                        \
  handle, arch::unspecified(), arch::unspecified(), arch::unspecified(), w0, w1, w2, arch::unspecified(), w3, w4, current, w5

namespace pith::arch {

/// Any value: for parameter positions that carry nothing. The empty assembly keeps the value defined for the compiler at no cost.
[[gnu::always_inline]] inline u64 unspecified() {
  u64 value;
  asm("" : "=r"(value));
  return value;
}

}  // namespace pith::arch
