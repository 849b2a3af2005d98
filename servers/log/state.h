// What the log keeps.
#pragma once
#include "lib/vault/byte_ring.h"

namespace pith::log {

/// The last lines, older ones overwritten. All zero is a valid, empty ring. Invariant: `end` only grows.
template <u64 kSize>
struct LineRing {
  /// Of the oldest bytes: they are free, so that what is stored there needs no logging.
  static constexpr u64 kFree = 1024;

  u64 end;  ///< number of the byte after the last
  std::byte bytes[kSize];

  u64 begin() const { return end > kSize - kFree ? end - (kSize - kFree) : 0; }
  /// At most kFree bytes.
  void add(std::span<const std::byte> data) {
    store_in_ring(bytes, end, data);
    end += data.size();
  }
  /// Copies from byte number `from` (the oldest there is, if that is gone) and says where to go on.
  u64 read(u64 from, std::span<std::byte> room, usize& length) const {
    if (from < begin() || from > end) from = begin();
    length = std::min<u64>(room.size(), end - from);
    for (usize i = 0; i < length; i++) room[i] = bytes[(from + i) % kSize];
    return from + length;
  }
};

struct State {
  static constexpr u64 kLayout = 1;
  static constexpr u64 kLineBytes = 65536, kTransmitBytes = 16384;

  LineRing<kLineBytes> lines;
  ByteRing<kTransmitBytes> transmit;

  void begin() {}
  bool check() const { return transmit.is_valid(); }
};

}  // namespace pith::log
