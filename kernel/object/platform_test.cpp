// Device objects: interrupts, ports, device memory, power and diagnostics.
#include "kernel/object/platform.h"

#include <gtest/gtest.h>

#include "kernel/arch/contract/memory.h"
#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/interrupt.h"

namespace pith::host {
namespace {

class PlatformTest : public testing::Test {
 protected:
  ~PlatformTest() override { EXPECT_EQ(broken_invariant(), ""); }
  Error platform(Operation operation, std::initializer_list<u64> words) { return machine(operation, RootSlot::Platform, words).error(); }

  Machine machine;
  CapabilitySlot slot = machine.free_slot();
  u64 region = RootSlot::Region.raw;
};

TEST_F(PlatformTest, InterruptsBecomeSignals) {
  FrameNumber frame = machine.spare_frame();
  EXPECT_EQ(platform(Operation::PlatformCreateInterrupt, {region, frame.raw, kLines, slot.raw}), Error::BadArgument);
  EXPECT_EQ(platform(Operation::PlatformCreateInterrupt, {region, frame.raw, 5, 1}), Error::Occupied);
  EXPECT_EQ(platform(Operation::PlatformCreateInterrupt, {2, frame.raw, 5, slot.raw}), Error::WrongType);
  EXPECT_EQ(platform(Operation::PlatformCreateInterrupt, {region, frame.raw, 5, slot.raw}), kSuccess);
  CapabilitySlot other = machine.free_slot(), notification = machine.make(ObjectType::Notification);
  EXPECT_EQ(platform(Operation::PlatformCreateInterrupt, {region, machine.spare_frame().raw, 5, other.raw}), Error::Busy);
  EXPECT_EQ(machine(Operation::InterruptAcknowledge, slot).error(), Error::NotConfigured);
  EXPECT_EQ(machine(Operation::InterruptBind, slot, {notification.raw, 0}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::InterruptBind, slot, {900, 4}).error(), Error::EmptySlot);
  EXPECT_EQ(machine(Operation::InterruptBind, slot, {notification.raw, 4}).error(), kSuccess);
  machine.interrupt(5);
  EXPECT_TRUE(hardware.masked[5]);
  EXPECT_EQ(machine(Operation::NotificationPoll, notification)[0], 4u);
  EXPECT_EQ(machine(Operation::InterruptAcknowledge, slot).error(), kSuccess);
  EXPECT_FALSE(hardware.masked[5]);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(notification).raw}).error(), kSuccess);
  machine.interrupt(5);
  EXPECT_EQ(machine(Operation::InterruptAcknowledge, slot).error(), Error::NotConfigured);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw}).error(), kSuccess);
  EXPECT_EQ(interrupt_lines[5].raw, 0u);
}

TEST_F(PlatformTest, PortsStayInTheirRange) {
  FrameNumber frame = machine.spare_frame();
  EXPECT_EQ(platform(Operation::PlatformCreateIoPorts, {region, frame.raw, 0x3f8, 0, slot.raw}), Error::BadArgument);
  EXPECT_EQ(platform(Operation::PlatformCreateIoPorts, {region, frame.raw, 0xfff9, 8, slot.raw}), Error::BadArgument);
  EXPECT_EQ(platform(Operation::PlatformCreateIoPorts, {region, frame.raw, 0x10000, 1, slot.raw}), Error::BadArgument);
  hardware.has_io_ports = false;
  EXPECT_EQ(platform(Operation::PlatformCreateIoPorts, {region, frame.raw, 0x3f8, 8, slot.raw}), Error::NotSupported);
  hardware.has_io_ports = true;
  EXPECT_EQ(platform(Operation::PlatformCreateIoPorts, {region, frame.raw, 0x3f8, 8, slot.raw}), kSuccess);
  EXPECT_EQ(machine(Operation::IoPortsWrite, slot, {4, 4, 0x12345678}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::IoPortsRead, slot, {5, 1})[0], 0x56u);
  for (u64 width : {0, 3, 8}) EXPECT_EQ(machine(Operation::IoPortsRead, slot, {0, width}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::IoPortsRead, slot, {8, 1}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::IoPortsRead, slot, {7, 2}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::IoPortsWrite, slot, {~u64{0}, 1, 0}).error(), Error::BadArgument);
}

TEST_F(PlatformTest, DeviceMemoryIsNotMemory) {
  FrameNumber frame = machine.spare_frame();
  auto create = [&](u64 first, u64 pages) {
    return platform(Operation::PlatformCreateDeviceShare, {region, frame.raw, first, pages, slot.raw});
  };
  EXPECT_EQ(create(0xe000'0000, 0), Error::BadArgument);
  EXPECT_EQ(create(0xe000'0000, 65), Error::BadArgument);
  EXPECT_EQ(create(0xe000'0800, 1), Error::BadArgument);
  EXPECT_EQ(create(u64{1} << 40, 1), Error::BadArgument);
  EXPECT_EQ(create(u64{5} << kPageShift, 1), Error::BadArgument);
  EXPECT_EQ(create(arch::kKernelDevicePage - kPageSize, 2), Error::BadArgument);
  EXPECT_EQ(create(0xe000'0000, 2), kSuccess);
  EXPECT_EQ(machine(Operation::ShareMap, slot, {5, machine.make_frame(ObjectType::Data).raw, 1}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::ShareUnmap, slot, {0}).error(), Error::Busy);
  for (u32 level : {2u, 1u})
    ASSERT_EQ(machine(Operation::AddressSpaceLinkTable, RootSlot::AddressSpace, {0, machine.make_frame(ObjectType::PageTable, level).raw})
                  .error(),
              kSuccess);
  ASSERT_EQ(machine(Operation::AddressSpaceLinkShare, RootSlot::AddressSpace, {0x200000, slot.raw}).error(), kSuccess);
  Answer seen = machine(Operation::AddressSpaceQuery, RootSlot::AddressSpace, {0x201000});
  EXPECT_EQ(seen[0], 0u);
  EXPECT_EQ(seen[1], 3u);
  for (u32 i = 0; i < 60; i++) (void)machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw});
  EXPECT_EQ(info(frame).type, ObjectType::Untyped);
}

TEST_F(PlatformTest, PowerDiagnosticsMeasurement) {
  EXPECT_EQ(platform(Operation::PlatformWriteDiagnostic, {0x6f6c6c6568}), kSuccess);
  EXPECT_EQ(hardware.diagnostics, "hello");
  EXPECT_EQ(platform(Operation::PlatformPower, {2}), Error::BadArgument);
  (void)machine(Operation::PlatformMeasure, RootSlot::Platform);
  EXPECT_EQ(platform(Operation::SystemNull, {}), kSuccess);
  EXPECT_EQ(machine(Operation::PlatformMeasure, RootSlot::Platform)[0], 2u);
  EXPECT_THROW(platform(Operation::PlatformPower, {1}), Stopped);
}

}  // namespace
}  // namespace pith::host
