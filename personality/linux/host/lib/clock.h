// Host stand-in for lib/clock.h.
#pragma once
#include "base/types.h"

namespace pith {

inline constexpr u64 kMicrosecond = 1'000;
inline constexpr u64 kMillisecond = 1'000'000;
inline constexpr u64 kSecond = 1'000'000'000;

u64 now();
void sleep_for(u64 nanoseconds);

}  // namespace pith
