// Root's way to the watchdog: all I/O ports, and one page of the chip set.
#include "servers/root/watchdog.h"

#include "abi/kernel.h"
#include "lib/clock.h"
#include "lib/retry.h"

namespace pith::root {

namespace {

constexpr u64 kAllPorts = 0x10000;
constexpr kernel::Platform kPlatform{RootSlot::Platform};

}  // namespace

Result<void> Watchdog::start(FrameBank& bank, u32 milliseconds) {
  FrameNumber ports = TRY(bank.take()), page = TRY(bank.take());
  TRY(retry([&] { return kPlatform.create_io_ports(RootSlot::Region, ports, 0, kAllPorts, kPorts); }));
  TRY(retry([&] { return kPlatform.create_device_share(RootSlot::Region, page, ich9_tco::kChipSetPage, 1, kChipSet); }));
  TRY(kernel::AddressSpace{RootSlot::AddressSpace}.link_share(VirtualAddress(kChipSetWindow), kChipSet));
  TRY(device_.start(milliseconds));
  interval_ = milliseconds * kMillisecond / 4;
  feed_at_ = 1;  // as soon as root is there
  return {};
}

}  // namespace pith::root
