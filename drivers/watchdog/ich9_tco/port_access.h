// Reaches the chip set's watchdog through a capability to all I/O ports and a window on one page of the chip set's registers.
#pragma once
#include "abi/kernel.h"
#include "drivers/watchdog/ich9_tco/device.h"

namespace pith::ich9_tco {

/// The page of the root complex' registers that the device is in, as every firmware places it. [intel/316972 10.1]
inline constexpr u64 kChipSetPage = 0xfed1'f000;

class PortAccess final : public Access {
 public:
  /// `window`: where kChipSetPage is seen.
  constexpr PortAccess(CapabilitySlot ports, u64 window) : ports_{ports}, window_(window) {}

  u32 read_configuration(u32 offset) override {
    (void)ports_.write(kAddressPort, sizeof(u32), kEnable | kBridge | offset);
    return u32(ports_.read(kDataPort, sizeof(u32)).value_or(0));
  }
  u16 read(u32 base, u32 offset) override { return u16(ports_.read(base + offset, sizeof(u16)).value_or(0)); }
  void write(u32 base, u32 offset, u16 value) override { (void)ports_.write(base + offset, sizeof(u16), value); }
  u32 read_memory(u64 address) override { return chip_set(address); }
  void write_memory(u64 address, u32 value) override { chip_set(address) = value; }

 private:
  /// PCI's configuration mechanism. [pci/3.0 3.2.2.3.2]
  static constexpr u32 kAddressPort = 0xcf8, kDataPort = 0xcfc, kEnable = u32{1} << 31;
  static constexpr u32 kBridge = 31 << 11;  // bus 0, device 31, function 0

  volatile u32& chip_set(u64 address) { return *reinterpret_cast<volatile u32*>(window_ + address % kPageSize); }

  kernel::IoPorts ports_;
  u64 window_;
};

}  // namespace pith::ich9_tco
