// Root's way to the watchdog: all I/O ports, and one page of the chip set.
#include "servers/root/watchdog.h"

#include "abi/kernel.h"
#include "lib/clock.h"
#include "lib/retry.h"
#include "servers/root/places.h"

namespace pith::root {

namespace {

constexpr CapabilitySlot kPorts{kSlotsPerTable - 2}, kChipSet{kSlotsPerTable - 3};
constexpr u64 kAllPorts = 0x10000;
/// The page of the root complex' registers that the device is in, as every firmware places it. [intel/316972 10.1]
constexpr u64 kChipSetPage = 0xfed1'f000;
/// PCI's configuration mechanism. [pci/3.0 3.2.2.3.2]
constexpr u32 kAddressPort = 0xcf8, kDataPort = 0xcfc, kEnable = u32{1} << 31;
constexpr u32 kBridge = 31 << 11;  // bus 0, device 31, function 0

constexpr kernel::Platform kPlatform{RootSlot::Platform};
constexpr kernel::IoPorts kPort{kPorts};

volatile u32& chip_set(u64 address) { return *reinterpret_cast<volatile u32*>(kChipSetWindow + address % kPageSize); }

}  // namespace

Result<void> Watchdog::PortAccess::create(FrameBank& bank) {
  FrameNumber ports = TRY(bank.take()), page = TRY(bank.take());
  TRY(retry([&] { return kPlatform.create_io_ports(RootSlot::Region, ports, 0, kAllPorts, kPorts); }));
  TRY(retry([&] { return kPlatform.create_device_share(RootSlot::Region, page, kChipSetPage, 1, kChipSet); }));
  return kernel::AddressSpace{RootSlot::AddressSpace}.link_share(VirtualAddress(kChipSetWindow), kChipSet);
}

u32 Watchdog::PortAccess::read_configuration(u32 offset) {
  (void)kPort.write(kAddressPort, sizeof(u32), kEnable | kBridge | offset);
  return u32(kPort.read(kDataPort, sizeof(u32)).value_or(0));
}

u16 Watchdog::PortAccess::read(u32 base, u32 offset) { return u16(kPort.read(base + offset, sizeof(u16)).value_or(0)); }

void Watchdog::PortAccess::write(u32 base, u32 offset, u16 value) { (void)kPort.write(base + offset, sizeof(u16), value); }

u32 Watchdog::PortAccess::read_memory(u64 address) { return chip_set(address); }

void Watchdog::PortAccess::write_memory(u64 address, u32 value) { chip_set(address) = value; }

Result<void> Watchdog::start(FrameBank& bank, u32 milliseconds) {
  TRY(access_.create(bank));
  TRY(device_.start(milliseconds));
  interval_ = milliseconds * kMillisecond / 4;
  feed_at_ = 1;  // as soon as root is there
  return {};
}

}  // namespace pith::root
