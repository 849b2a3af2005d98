// Tests the 16550 driver against registers in memory.
#include "drivers/serial/ns16550/device.h"

#include <gtest/gtest.h>

#include "drivers/serial/ns16550/fake_access.h"

namespace pith::ns16550 {
namespace {

TEST(Ns16550, Initializes) {
  FakeAccess access;
  Device device(access);
  device.initialize(Device::Queues::Clear);
  EXPECT_EQ(access.divisor, 1u);
  EXPECT_EQ(access.line_control, LineControl::EightBits);
  EXPECT_EQ(access.interrupt_enable, 0u);
  EXPECT_TRUE(access.modem_control & ModemControl::InterruptOut);
  EXPECT_TRUE(access.output.empty());
}

TEST(Ns16550, RestartKeepsInput) {
  FakeAccess access;
  access.input = {'a', 'b'};
  Device device(access);
  device.initialize(Device::Queues::Keep);
  std::byte value{};
  u64 count = 0;
  EXPECT_TRUE(device.has_received());
  device.receive(&value, {&count, 1});
  EXPECT_EQ(value, std::byte('a'));
  EXPECT_EQ(count, 1u);
  device.receive(&value, {&count, 2});
  EXPECT_FALSE(device.has_received());
  access.input = {'c'};
  device.initialize(Device::Queues::Clear);
  EXPECT_FALSE(device.has_received());
}

TEST(Ns16550, SavesTheByteBeforeTheQueues) {
  FakeAccess access;
  access.input = {'a'};
  Device device(access);
  u8 value = 0;
  EXPECT_TRUE(device.receive_early(value));
  EXPECT_EQ(value, 'a');
  EXPECT_EQ(access.modem_control, ModemControl::Loopback);
  device.initialize(Device::Queues::Clear);
  EXPECT_FALSE(access.modem_control & ModemControl::Loopback);
  EXPECT_FALSE(device.receive_early(value));
}

TEST(Ns16550, TransmitsAQueueAtATime) {
  FakeAccess access;
  Device device(access);
  device.initialize(Device::Queues::Clear);
  access.is_sending = false;
  ASSERT_EQ(device.transmit_room(), kFifoSize);
  u64 sent = 0;
  device.transmit('x', {&sent, 1});
  EXPECT_EQ(sent, 1u);
  EXPECT_EQ(device.transmit_room(), 0u);
  EXPECT_FALSE(device.has_sent_all());
  access.is_sending = true;
  EXPECT_EQ(device.transmit_room(), kFifoSize);
  EXPECT_TRUE(device.has_sent_all());
  EXPECT_EQ(access.output, "x");
}

TEST(Ns16550, OpensAndClosesInterrupts) {
  FakeAccess access;
  Device device(access);
  device.open_interrupts(Device::Causes::ReceiveAndTransmit);
  EXPECT_EQ(access.interrupt_enable, 3u);
  device.open_interrupts(Device::Causes::Receive);
  EXPECT_EQ(access.interrupt_enable, 1u);
  device.close_interrupts();
  EXPECT_EQ(access.interrupt_enable, 0u);
}

}  // namespace
}  // namespace pith::ns16550
