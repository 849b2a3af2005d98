// How long kernel entries take, in counter ticks: the longest one seen stands beside the bound.
#pragma once
#include "kernel/generated/results.h"

namespace pith {

/// What was noted since the last take_measurement.
extern PlatformMeasureResult measured;

/// Notes that a slow kernel entry, doing `operation`, took `ticks`.
[[gnu::always_inline]] inline void note_entry(u64 ticks, u64 operation) {
  measured.entries++;
  if (ticks <= measured.longest) [[likely]]
    return;
  measured.longest = ticks;
  measured.operation = operation;
}

PlatformMeasureResult take_measurement();

}  // namespace pith
