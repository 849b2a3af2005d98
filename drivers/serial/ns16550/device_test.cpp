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
  u8 value = 0;
  EXPECT_TRUE(device.receive(value));
  EXPECT_EQ(value, 'a');
  EXPECT_TRUE(device.receive(value));
  EXPECT_FALSE(device.receive(value));
  access.input = {'c'};
  device.initialize(Device::Queues::Clear);
  EXPECT_FALSE(device.receive(value));
}

TEST(Ns16550, TransmitsAQueueAtATime) {
  FakeAccess access;
  Device device(access);
  device.initialize(Device::Queues::Clear);
  access.is_sending = false;
  ASSERT_EQ(device.transmit_room(), kFifoSize);
  device.transmit('x');
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
