// The local interrupt controller and the I/O interrupt controller [intel/3a 11, intel/82093AA].
#pragma once
#include "abi/types.h"
#include "kernel/boot/acpi.h"

namespace pith::x86 {

inline constexpr u64 kTimerVector = 32;
inline constexpr u64 kInterruptionVector = 33;  ///< another CPU wants this one to enter the kernel
inline constexpr u64 kFirstLineVector = 48;
inline constexpr u64 kNapVector = 0xf0;  ///< alone in its class, which is the highest
inline constexpr u64 kSpuriousVector = 0xef;

static_assert(kFirstLineVector + kFirstMessageLine + kMessageLines <= kSpuriousVector);
/// What devices write messages to [intel/3a 11.11.1].
inline constexpr u64 kMessageAddress = 0xfee00000;

/// Where PCs have them, for when ACPI does not say.
inline constexpr u64 kLocalApicAddress = 0xfee00000;
inline constexpr u64 kIoApicAddress = 0xfec00000;
inline constexpr u64 kHpetAddress = 0xfed00000;
/// Lines of the I/O controller that are used.
inline constexpr u32 kMostLines = 24;

/// Physical addresses of the devices that the kernel keeps to itself.
struct Devices {
  u64 local_controller, io_controller, timer;
};
const Devices& found_devices();
/// Takes addresses and lines from ACPI's tables, where they say something.
void use_devices(const AcpiFacts& facts);

/// The address for the assembly that starts processors.
extern "C" u64 local_controller;

/// Enables the local controller of this CPU, which has number `cpu`.
void initialise_local_controller(u32 cpu);
/// That of the first CPU; masks all lines of the I/O controller and the old 8259s.
void initialise_interrupts();
/// Identifier of this processor's local controller.
u32 own_identifier();
/// Sends a command to the processor with this identifier [intel/3a 11.6.1].
void call_processor(u32 identifier, u32 command);
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
