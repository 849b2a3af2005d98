// A ring of bytes in a vault. Where its bytes lie is free memory until an end of it moves, so they are stored without being logged.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>

#include "base/types.h"
#include "lib/vault/bulk.h"

namespace pith {

/// Stores `data` as the bytes from number `position` on of a ring.
inline void store_in_ring(std::span<std::byte> ring, u64 position, std::span<const std::byte> data) {
  u64 place = position % ring.size();
  u64 first = std::min<u64>(data.size(), ring.size() - place);
  vault::store_unlogged(ring.data() + place, data.first(first));
  vault::store_unlogged(ring.data(), data.subspan(first));
}

/// All zero is a valid, empty ring. Invariant: tail - head <= kSize, both count bytes since the beginning.
template <u64 kSize>
struct ByteRing {
  static_assert((kSize & (kSize - 1)) == 0);

  u64 head;  ///< number of the first byte in it
  u64 tail;  ///< number of the byte after the last
  std::byte bytes[kSize];

  u64 count() const { return tail - head; }
  u64 room() const { return kSize - count(); }
  bool is_valid() const { return tail - head <= kSize; }

  /// `data` fits room().
  void add(std::span<const std::byte> data) {
    store_in_ring(bytes, tail, data);
    tail += data.size();
  }

  /// Where byte number `position` lies.
  std::byte* place_of(u64 position) { return &bytes[position % kSize]; }
  std::byte front() const { return bytes[head % kSize]; }
  /// Copies what there is from the front on, at most `room` bytes, without removing it.
  usize peek(std::span<std::byte> room) const {
    usize length = std::min<u64>(room.size(), count());
    for (usize i = 0; i < length; i++) room[i] = bytes[(head + i) % kSize];
    return length;
  }
};

}  // namespace pith
