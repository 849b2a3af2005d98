// Which CPU each component's time should be on: the busiest first, each to the CPU that has least to do.
#pragma once
#include <span>

#include "base/types.h"

namespace pith::placement {

inline constexpr u32 kMostCpus = 64;
inline constexpr u32 kMostComponents = 32;

/// A component as it was over the last stretch of time.
struct Load {
  u64 used = 0;          ///< nanoseconds
  u32 cpu = 0;           ///< where its time is
  bool movable = false;
  u32 wanted = 0;        ///< where it should be: what plan() answers
};

/// Sets `wanted` of each load. Nothing moves unless the busiest CPU is relieved by a fifth: moves cost the moved component its caches, and
/// one with a budget up to a period. Returns how many are to move.
u32 plan(std::span<Load> loads, u32 cpus);

}  // namespace pith::placement
