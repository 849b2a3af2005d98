// The longest kernel entry seen.
#include "kernel/syscall/measure.h"

namespace pith {

PlatformMeasureResult measured;

PlatformMeasureResult take_measurement() {
  PlatformMeasureResult result = measured;
  measured = {};
  return result;
}

}  // namespace pith
