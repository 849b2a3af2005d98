// Integers that do not mix: a frame number is not a slot is not a time.
#pragma once
#include "base/types.h"

namespace pith {

/// A value of integer type `Integer` that converts to nothing by itself; `Tag` tells kinds apart.
template <class Tag, class Integer = u64>
struct Strong {
  Integer raw = 0;

  constexpr Strong() = default;
  constexpr explicit Strong(Integer value) : raw(value) {}
  friend constexpr bool operator==(Strong, Strong) = default;
  friend constexpr auto operator<=>(Strong left, Strong right) { return left.raw <=> right.raw; }
};

}  // namespace pith
