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

  /// Before the first initialize(), which empties the queues: takes the byte that arrived before anybody drove the device, and lets no
  /// other in.
  bool receive_early(u8& value);

  bool has_received();
  /// Moves one received byte from the device to `place`, in one step with `commit`. has_received() said that there is one.
  void receive(std::byte* place, Commit commit) { access_.read_and_commit(Register::Data, place, commit); }
  /// How many bytes the device takes now (16 when its queue is empty, else 0).
  u32 transmit_room();
  /// Hands over one byte, in one step with `commit`; transmit_room() allowed it.
  void transmit(u8 value, Commit commit) { access_.write_and_commit(Register::Data, value, commit); }
  bool has_sent_all();

  /// Silences the line. Between this and open_interrupts() the interrupt controller is acknowledged, so that a cause which arises meanwhile
  /// makes a fresh edge and is not lost.
  void close_interrupts() { access_.write(Register::InterruptEnable, 0); }
  enum class Causes : u8 {
    None = 0,
    Receive = InterruptEnable::Receive,
    Transmit = InterruptEnable::Transmit,
    ReceiveAndTransmit = InterruptEnable::Receive | InterruptEnable::Transmit,
  };
  void open_interrupts(Causes causes) { access_.write(Register::InterruptEnable, u8(causes)); }

 private:
  Access& access_;
};

}  // namespace pith::ns16550
