// The host port of number.h: there is one instance.
#pragma once
#include "base/types.h"

namespace pith::ipc {

inline constexpr u32 kNumberShift = 16;
inline constexpr u64 kMethodMask = (u64{1} << kNumberShift) - 1;
inline constexpr u64 kIntended = u64{1} << 47;

inline u64 calls;

inline u64 numbered(u64 method) { return method | ++calls << kNumberShift; }

}  // namespace pith::ipc
