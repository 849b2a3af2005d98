// Reads the PC's real-time clock.
#pragma once
#include "base/result.h"
#include "drivers/clock/mc146818/registers.h"

namespace pith::mc146818 {

/// Raw register contents of one moment.
struct Snapshot {
  u8 seconds, minutes, hours, day, month, year, century, status_b;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// Seconds since 1970-01-01 00:00:00 UTC. Errors: Damaged when a field is out of range.
Result<u64> decode(const Snapshot& snapshot);

/// Reads until two snapshots agree. Errors: Damaged; TimedOut when the clock never settles.
Result<u64> read_seconds(Access& access);

}  // namespace pith::mc146818
