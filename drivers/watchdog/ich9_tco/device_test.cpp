// Tests the watchdog's driver against a register block.
#include "drivers/watchdog/ich9_tco/device.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "abi/error.h"

namespace pith::ich9_tco {
namespace {

class Registers final : public Access {
 public:
  u32 read_configuration(u32 offset) override { return configuration[offset]; }
  u16 read(u32 base, u32 offset) override {
    EXPECT_EQ(base, 0x660u);
    return ports[offset];
  }
  void write(u32 base, u32 offset, u16 value) override {
    EXPECT_EQ(base, 0x660u);
    ports[offset] = value;
    order.push_back(offset);
  }
  u32 read_memory(u64 address) override { return memory[address]; }
  void write_memory(u64 address, u32 value) override { memory[address] = value; }

  std::map<u32, u32> configuration{{0x00, 0x29188086}, {0x40, 0x601}, {0xf0, 0xfed1c001}};
  std::map<u32, u16> ports{{0x08, 0x0400}, {0x12, 4}};
  std::map<u64, u32> memory{{0xfed1f410, 0x21}};
  std::vector<u32> order;
};

TEST(Ich9Tco, StartsWithTheMachineAllowedToReset) {
  Registers registers;
  Device device(registers);
  ASSERT_TRUE(device.start(10'000));
  EXPECT_EQ(registers.ports[0x12], 9u);  // twice 5.4 s
  EXPECT_EQ(registers.memory[0xfed1f410], 0x01u);
  EXPECT_EQ(registers.ports[0x08], 0x0400u);  // runs, and other bits are as they were
  EXPECT_EQ(registers.order.back(), 0u);
}

TEST(Ich9Tco, RoundsUp) {
  for (auto [milliseconds, steps] : {std::pair{0u, 2u}, {2400u, 2u}, {2401u, 3u}, {60'000u, 50u}}) {
    Registers registers;
    Device device(registers);
    ASSERT_TRUE(device.start(milliseconds));
    EXPECT_EQ(registers.ports[0x12], steps) << milliseconds;
  }
}

TEST(Ich9Tco, FeedingReloads) {
  Registers registers;
  Device device(registers);
  ASSERT_TRUE(device.start(2400));
  registers.order.clear();
  device.feed();
  EXPECT_EQ(registers.order, std::vector<u32>{0});
}

TEST(Ich9Tco, OtherMachinesHaveNone) {
  for (u32 offset : {0x00u, 0x40u, 0xf0u}) {
    Registers registers;
    registers.configuration[offset] = 0;
    EXPECT_EQ(Device(registers).start(2400).error(), Error::NotSupported) << offset;
    EXPECT_TRUE(registers.order.empty());
  }
}

}  // namespace
}  // namespace pith::ich9_tco
