// The local interrupt controller and the I/O interrupt controller [intel/3a 11, intel/82093AA].
#pragma once
#include "base/types.h"

namespace pith::x86 {

inline constexpr u64 kTimerVector = 32;
inline constexpr u64 kInterruptionVector = 33;  ///< another CPU wants this one to enter the kernel
inline constexpr u64 kFirstLineVector = 48;
inline constexpr u64 kSpuriousVector = 255;

inline constexpr u64 kLocalApicAddress = 0xfee00000;
inline constexpr u64 kIoApicAddress = 0xfec00000;
inline constexpr u64 kHpetAddress = 0xfed00000;

/// Enables this CPU's controller and, on the first CPU, masks all lines of the I/O controller and the old 8259s.
void initialise_interrupts();
/// Measures timer and time-stamp counter against the HPET. False: there is no HPET that runs.
bool calibrate_time();
void acknowledge_local();
/// The timer interrupted: it no longer runs, even if it was set for less than the whole way to the deadline.
void timer_expired();

struct TimeScale {
  u64 counter_frequency;   ///< Hz
  u64 counter_multiplier;  ///< nanoseconds = (counter - start) * multiplier >> 32
  u64 counter_start;
};
const TimeScale& time_scale();

}  // namespace pith::x86
