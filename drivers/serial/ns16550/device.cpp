// Drives a 16550 through its registers.
#include "drivers/serial/ns16550/device.h"

namespace pith::ns16550 {

void Device::initialize(Queues queues) {
  u8 clear = queues == Queues::Clear ? FifoControl::ClearReceive | FifoControl::ClearTransmit : 0;
  access_.write(Register::FifoControl, FifoControl::Enable | FifoControl::Trigger8 | clear);
  access_.write(Register::InterruptEnable, 0);
  access_.write(Register::LineControl, LineControl::Latch);
  access_.write(Register::Data, 1);  // divisor 1: 115200
  access_.write(Register::InterruptEnable, 0);
  access_.write(Register::LineControl, LineControl::EightBits);
  access_.write(Register::ModemControl, ModemControl::TerminalReady | ModemControl::RequestToSend | ModemControl::InterruptOut);
}

bool Device::receive_early(u8& value) {
  access_.write(Register::ModemControl, ModemControl::Loopback);
  bool was_received = has_received();
  if (was_received) value = access_.read(Register::Data);
  return was_received;
}

bool Device::has_received() { return access_.read(Register::LineStatus) & LineStatus::DataReady; }

u32 Device::transmit_room() { return access_.read(Register::LineStatus) & LineStatus::HoldingEmpty ? kFifoSize : 0; }

bool Device::has_sent_all() { return access_.read(Register::LineStatus) & LineStatus::AllSent; }

}  // namespace pith::ns16550
