// The longest kernel entry seen.
#include "kernel/syscall/measure.h"

namespace pith {

namespace {
PlatformMeasureResult seen;
}

void note_entry(u64 ticks, u64 operation) {
  seen.entries++;
  if (ticks <= seen.longest) return;
  seen.longest = ticks;
  seen.operation = operation;
}

PlatformMeasureResult take_measurement() {
  PlatformMeasureResult result = seen;
  seen = {};
  return result;
}

}  // namespace pith
