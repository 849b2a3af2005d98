// Monotonic time without a system call.
#pragma once
#include "base/types.h"

namespace pith {

inline constexpr u64 kMicrosecond = 1'000;
inline constexpr u64 kMillisecond = 1'000'000;
inline constexpr u64 kSecond = 1'000'000'000;

/// Nanoseconds since boot, the same scale as all deadlines of the kernel.
u64 now();

/// Waits at least `nanoseconds`; returns early only when the thread is interrupted. Needs a thread with a parker (see lib/thread.h).
void sleep_for(u64 nanoseconds);

}  // namespace pith
