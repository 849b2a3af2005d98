// Clocks, durations and deadlines as programs give them.
#pragma once
#include "personality/linux/memory/user_copy.h"
#include "personality/linux/process/task.h"
#include "personality/linux/time/timers.h"

namespace pith::personality {

struct Clock {
  static constexpr u32 Realtime = 0, Monotonic = 1, ProcessCpu = 2, ThreadCpu = 3, MonotonicRaw = 4, RealtimeCoarse = 5,
                       MonotonicCoarse = 6, Boot = 7;
  static constexpr u32 RealtimeAlarm = 8, BootAlarm = 9, Atomic = 11;
};

/// Nanoseconds of a duration that a program gave; more than 136 years count as that.
constexpr u64 duration_of(i64 seconds, u64 nanoseconds) {
  constexpr i64 kLongest = i64{1} << 32;
  return u64(seconds < kLongest ? seconds : kLongest) * kSecond + nanoseconds;
}

/// Nanoseconds of a struct timespec; Invalid where it is not a duration.
Result<u64> read_duration(Task& task, GuestAddress from);
/// Nanoseconds that a clock shows; Invalid for one that does not exist.
Result<u64> read_clock(Task& task, u32 clock);
/// The instant since boot at which `clock` (Realtime, or a monotonic one) shows `time`.
u64 deadline_of(u32 clock, u64 time);

}  // namespace pith::personality
