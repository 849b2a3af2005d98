// What the console keeps across restarts.
#pragma once
#include "lib/vault/byte_ring.h"
#include "lib/vault/write_journal.h"

namespace pith::console {

/// In the component's vault. Reading the device's receive register and storing the byte, writing the transmit register and removing the
/// byte, answering a call and forgetting it are each one step for a crash (lib/vault/commit.h). What lies in the device's own queues stays
/// there.
struct Vault {
  static constexpr u64 kMagic = 0x314c4f534e4f4350;  // "PCONSOL1"
  static constexpr u64 kReceiveBytes = 4096, kTransmitBytes = 16384;

  u64 magic;
  ByteRing<kReceiveBytes> receive;
  ByteRing<kTransmitBytes> transmit;
  WriteJournal journal;

  /// Whether it holds the state of an instance before this one; a vault that makes no sense is started afresh.
  bool restore() {
    if (magic == kMagic && receive.is_valid() && transmit.is_valid()) {
      journal.recover(transmit.tail);
      return true;
    }
    magic = 0;
    receive.head = receive.tail = transmit.head = transmit.tail = 0;
    journal.clear();
    __atomic_store_n(&magic, kMagic, __ATOMIC_RELEASE);  // last: what lies behind it is in order
    return false;
  }
};

}  // namespace pith::console
