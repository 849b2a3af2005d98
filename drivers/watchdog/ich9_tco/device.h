// The watchdog timer of Intel's ICH9 (TCO), which QEMU's q35 has: unless it is fed it resets the machine.
#pragma once
#include "base/result.h"

namespace pith::ich9_tco {

/// How the driver reaches the device; tests put a register block in its place.
class Access {
 public:
  /// A double word of the LPC bridge's configuration space.
  virtual u32 read_configuration(u32 offset) = 0;
  /// The 16 bits at `offset` from the timer's ports, which begin at `base`.
  virtual u16 read(u32 base, u32 offset) = 0;
  virtual void write(u32 base, u32 offset, u16 value) = 0;
  /// A double word of the chip set's memory-mapped registers at the physical address.
  virtual u32 read_memory(u64 address) = 0;
  virtual void write_memory(u64 address, u32 value) = 0;

 protected:
  ~Access() = default;
};

/// The timer expires twice before it resets the machine, and counts in steps of 0.6 s: 2.4 s is its shortest time.
inline constexpr u32 kShortestMilliseconds = 2400, kStep = 1200;

class Device {
 public:
  constexpr explicit Device(Access& access) : access_(access) {}

  /// Lets the machine be reset `milliseconds` (at least kShortestMilliseconds, rounded up to a multiple of kStep) after the last feed().
  /// Errors: NotSupported where there is no such device.
  Result<void> start(u32 milliseconds);

  /// Counts from the beginning again.
  void feed();

 private:
  Access& access_;
  u32 base_ = 0;
};

}  // namespace pith::ich9_tco
