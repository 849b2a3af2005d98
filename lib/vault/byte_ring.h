// A ring of bytes in a vault: adding and removing become final with one store each, so that a crash leaves either the old state or the new.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>

#include "base/types.h"

namespace pith {

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

  /// Writes behind the tail, where nobody reads yet; publish() makes it part of the ring. `data` fits room().
  void prepare(std::span<const std::byte> data, u64 position) {
    for (usize i = 0; i < data.size(); i++) bytes[(position + i) % kSize] = data[i];
  }
  /// release: a successor that sees the tail sees the bytes before it (the compiler keeps the order; the processor does anyway after a
  /// kill).
  void publish(u64 new_tail) { __atomic_store_n(&tail, new_tail, __ATOMIC_RELEASE); }
  void add(std::byte value) {
    bytes[tail % kSize] = value;
    publish(tail + 1);
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
  void remove(u64 length) { __atomic_store_n(&head, head + length, __ATOMIC_RELEASE); }
};

}  // namespace pith
