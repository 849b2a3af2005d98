// What the log keeps across restarts.
#pragma once
#include "lib/vault/byte_ring.h"
#include "lib/vault/write_journal.h"

namespace pith::log {

/// The last lines, older ones overwritten. All zero is a valid, empty ring.
template <u64 kSize>
struct LineRing {
  u64 end;  ///< number of the byte after the last
  std::byte bytes[kSize];

  u64 begin() const { return end > kSize ? end - kSize : 0; }
  /// Writes behind the end (over the oldest bytes); final with publish().
  void prepare(std::span<const std::byte> data) {
    for (usize i = 0; i < data.size(); i++) bytes[(end + i) % kSize] = data[i];
  }
  void publish(u64 new_end) { __atomic_store_n(&end, new_end, __ATOMIC_RELEASE); }
  /// Copies from byte number `from` (the oldest there is, if that is gone) and says where to go on.
  u64 read(u64 from, std::span<std::byte> room, usize& length) const {
    if (from < begin() || from > end) from = begin();
    length = std::min<u64>(room.size(), end - from);
    for (usize i = 0; i < length; i++) room[i] = bytes[(from + i) % kSize];
    return from + length;
  }
};

/// In the component's vault. A line is in both rings or in neither: `lines_end` completes the second after a crash between the two stores.
struct Vault {
  static constexpr u64 kMagic = 0x31474f4c48544950;  // "PITHLOG1"
  static constexpr u64 kLineBytes = 65536, kTransmitBytes = 16384;

  u64 magic;
  LineRing<kLineBytes> lines;
  ByteRing<kTransmitBytes> transmit;
  WriteJournal journal;
  u64 lines_end;  ///< where `lines` ends once the journal's write is final

  void restore() {
    if (magic == kMagic && transmit.is_valid()) {
      journal.recover(transmit.tail);
      if (journal.session) lines.publish(lines_end);
      return;
    }
    magic = 0;
    lines.end = transmit.head = transmit.tail = 0;
    journal.clear();
    __atomic_store_n(&magic, kMagic, __ATOMIC_RELEASE);  // last: what lies behind it is in order
  }
};

}  // namespace pith::log
