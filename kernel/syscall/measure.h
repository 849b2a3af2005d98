// How long kernel entries take, in counter ticks: the longest one seen stands beside the bound.
#pragma once
#include "kernel/generated/results.h"

namespace pith {

/// Notes that a slow kernel entry, doing `operation`, took `ticks`.
void note_entry(u64 ticks, u64 operation);

/// What was noted since the last call.
PlatformMeasureResult take_measurement();

}  // namespace pith
