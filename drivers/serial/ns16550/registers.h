// Registers of the 16550 serial port. [ti/pc16550d 8]
#pragma once
#include "lib/vault/commit.h"

namespace pith::ns16550 {

/// Offsets from the first port.
enum class Register : u32 {
  Data = 0,             ///< read: receive buffer, write: transmit holding; with Latch: low divisor byte
  InterruptEnable = 1,  ///< with Latch: high divisor byte
  FifoControl = 2,      ///< write; reading is InterruptIdentification
  LineControl = 3,
  ModemControl = 4,
  LineStatus = 5,
};

struct InterruptEnable {
  static constexpr u8 Receive = 1, Transmit = 2;
};
struct FifoControl {
  static constexpr u8 Enable = 1, ClearReceive = 2, ClearTransmit = 4, Trigger8 = 0x80;
};
struct LineControl {
  static constexpr u8 EightBits = 3, Latch = 0x80;
};
struct ModemControl {
  static constexpr u8 TerminalReady = 1, RequestToSend = 2, InterruptOut = 8, Loopback = 0x10;
};
struct LineStatus {
  static constexpr u8 DataReady = 1, HoldingEmpty = 0x20, AllSent = 0x40;
};

inline constexpr u32 kFifoSize = 16;

/// How the device is reached: ports on a PC, an array in tests.
class Access {
 public:
  virtual u8 read(Register which) = 0;
  virtual void write(Register which, u8 value) = 0;
  /// The same, in one step with a store to the vault (and of the byte that was read).
  virtual void read_and_commit(Register which, std::byte* place, Commit commit) = 0;
  virtual void write_and_commit(Register which, u8 value, Commit commit) = 0;

 protected:
  ~Access() = default;
};

}  // namespace pith::ns16550
