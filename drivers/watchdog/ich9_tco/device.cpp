// Finds the timer, allows it to reset, starts it. [intel/316972 13.1, 13.8.3, 13.9, 10.1.75]
#include "drivers/watchdog/ich9_tco/device.h"

#include "abi/error.h"

namespace pith::ich9_tco {

namespace {

// Of the LPC bridge's configuration space.
constexpr u32 kIdentity = 0x00, kPmBase = 0x40, kRootComplexBase = 0xf0;
constexpr u32 kLpcBridge = 0x2918'8086;
constexpr u32 kPmBaseMask = 0xff80, kTimerBehindPmBase = 0x60;
constexpr u32 kRootComplexMask = 0xffff'c000, kRootComplexEnabled = 1;

// Of the root complex' registers: General Control and Status.
constexpr u32 kGeneralControl = 0x3410, kNoReboot = 1 << 5;

// Of the timer's ports.
constexpr u32 kReload = 0x00, kStatus1 = 0x04, kStatus2 = 0x06, kControl1 = 0x08, kInitialValue = 0x12;
constexpr u16 kTimeout = 1 << 3;                        // in kStatus1; writing 1 clears
constexpr u16 kSecondTimeout = 1 << 1, kBoot = 1 << 2;  // in kStatus2; likewise
constexpr u16 kHalted = 1 << 11;

}  // namespace

Result<void> Device::start(u32 milliseconds) {
  if (access_.read_configuration(kIdentity) != kLpcBridge) return Error::NotSupported;
  u32 complex = access_.read_configuration(kRootComplexBase), base = access_.read_configuration(kPmBase) & kPmBaseMask;
  if (base == 0 || (complex & kRootComplexEnabled) == 0) return Error::NotSupported;
  base_ = base + kTimerBehindPmBase;
  u32 steps = (milliseconds + kStep - 1) / kStep;
  access_.write(base_, kControl1, access_.read(base_, kControl1) | kHalted);
  access_.write(base_, kStatus1, kTimeout);
  access_.write(base_, kStatus2, kSecondTimeout | kBoot);
  access_.write(base_, kInitialValue, u16(steps < 2 ? 2 : steps));
  u64 control = (complex & kRootComplexMask) + kGeneralControl;
  access_.write_memory(control, access_.read_memory(control) & ~kNoReboot);
  access_.write(base_, kControl1, access_.read(base_, kControl1) & u16(~kHalted));
  feed();
  return {};
}

void Device::feed() { access_.write(base_, kReload, 1); }

}  // namespace pith::ich9_tco
