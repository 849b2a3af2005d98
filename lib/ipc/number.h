// The number that a call carries beside its method: which call of its session it is. A transactional server knows a second delivery by it.
#pragma once
#include "lib/ipc/instance.h"

namespace pith::ipc {

/// Word 0 of a call to a service: bits 0-15 method, 16-63 number; 0: it has none.
inline constexpr u32 kNumberShift = 16;
inline constexpr u64 kMethodMask = (u64{1} << kNumberShift) - 1;
/// Numbers of calls that a vault intends (lib/vault/exchange.h), beside those that are counted here.
inline constexpr u64 kIntended = u64{1} << 47;

/// Calls of this instance.
inline u64 calls;

/// Word 0 of this instance's next call. No other instance of the component uses the same number.
inline u64 numbered(u64 method) {
  u64 number = (instance_number() << 32 | u32(__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED))) & (kIntended - 1);
  return method | number << kNumberShift;
}

}  // namespace pith::ipc
