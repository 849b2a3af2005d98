// The 16550 as a state machine without IPC: bytes in, bytes out, interrupts on and off.
#pragma once
#include "drivers/serial/ns16550/registers.h"

namespace pith::ns16550 {

/// One port. Not locked: one thread drives it.
class Device {
 public:
  /// What initialize() does with bytes that lie in the device's queues.
  enum class Queues { Keep, Clear };

  explicit Device(Access& access) : access_(access) {}

  /// 115200 baud, 8N1, queues on, interrupts off. `Keep` at a restart: what arrived in the meantime is not lost.
  void initialize(Queues queues);

  /// Before the first initialize(): turns the queues on, which loses what lies in the device, with the line cut off from outside meanwhile.
  /// True when a byte had been received; then it is in `value`.
  bool take_over(u8& value);

  /// Takes one received byte out of the device; false when there is none. Once true, only the caller has the byte.
  bool receive(u8& value);
  /// How many bytes the device takes now (16 when its queue is empty, else 0).
  u32 transmit_room();
  /// Hands over one byte; transmit_room() allowed it.
  void transmit(u8 value) { access_.write(Register::Data, value); }
  bool has_sent_all();

  /// Silences the line. Between this and open_interrupts() the interrupt controller is acknowledged, so that a cause which arises meanwhile
  /// makes a fresh edge and is not lost.
  void close_interrupts() { access_.write(Register::InterruptEnable, 0); }
  enum class Causes : u8 { Receive = InterruptEnable::Receive, ReceiveAndTransmit = InterruptEnable::Receive | InterruptEnable::Transmit };
  void open_interrupts(Causes causes) { access_.write(Register::InterruptEnable, u8(causes)); }

 private:
  Access& access_;
};

}  // namespace pith::ns16550
