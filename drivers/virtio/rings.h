// The three parts of a split virtqueue: descriptors that name memory, what is available to the device, and what it has used.
// [virtio 1.2, 2.7]
#pragma once
#include <atomic>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

#include "drivers/virtio/transport.h"

namespace pith::virtio {

/// A piece of memory as the device sees it.
struct Piece {
  u64 address;
  u32 length;
  bool device_writes;
};

/// Whether the device shall interrupt when it has used something. It may do so in spite of it.
enum class Interrupts : u16 { Wanted = 0, Unwanted = 1 };

/// `kSize` descriptors, a power of two, and rings as long. Which descriptors are the device's at the moment its user knows.
template <u32 kSize>
class Rings {
 public:
  static_assert((kSize & (kSize - 1)) == 0 && kSize <= 32768);

  /// What the device has used: the first descriptor, and how many bytes it says to have written. Anything may be in it.
  struct Used {
    u32 id, length;
  };

 private:
  struct Descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
  };
  struct AvailableRing {
    u16 flags, index;
    u16 ring[kSize];
    u16 event;
  };
  struct UsedRing {
    u16 flags, index;
    Used ring[kSize];
    u16 event;
  };
  struct Parts {
    Descriptor descriptors[kSize];
    AvailableRing available;
    alignas(4) UsedRing used;
  };

 public:
  /// Bytes that they need, from a page boundary on: whole pages.
  static constexpr u32 kBytes = (sizeof(Parts) + kPageSize - 1) / kPageSize * kPageSize;
  /// How many of them are the rings' own; the others are their user's.
  static constexpr u32 kOwnBytes = sizeof(Parts);

  /// `memory`: kBytes of them, `physical` where the device sees them. Begins empty.
  void initialize(std::span<std::byte> memory, u64 physical) {
    memset(memory.data(), 0, kBytes);
    parts_ = reinterpret_cast<Parts*>(memory.data());
    physical_ = physical;
    added_ = taken_ = 0;
  }
  /// Over what is in the memory already, of which `taken` entries were taken, counted from initialize() on: take() answers those that the
  /// device, which has been reset, has used beside them. Nothing may be added. False: so many there cannot be.
  bool reopen(std::span<std::byte> memory, u16 taken) {
    parts_ = reinterpret_cast<Parts*>(memory.data());
    taken_ = taken;
    return u16(__atomic_load_n(&parts_->used.index, __ATOMIC_ACQUIRE) - taken) <= kSize;
  }
  QueuePlaces places() const {
    return {physical_ + offsetof(Parts, descriptors), physical_ + offsetof(Parts, available), physical_ + offsetof(Parts, used), kSize};
  }

  /// Makes the descriptors from `first` on available, one for each piece; publish() lets the device see it.
  void add(u32 first, std::span<const Piece> pieces) {
    for (u32 i = 0; i < pieces.size(); i++) {
      bool is_last = i + 1 == pieces.size();
      u16 flags = u16((pieces[i].device_writes ? kDeviceWrites : 0) | (is_last ? 0 : kNext));
      parts_->descriptors[first + i] = {pieces[i].address, pieces[i].length, flags, u16(is_last ? 0 : first + i + 1)};
    }
    parts_->available.ring[added_ % kSize] = u16(first);
    added_++;
  }
  /// Whether the device wants to be told.
  bool publish() {
    __atomic_store_n(&parts_->available.index, added_, __ATOMIC_RELEASE);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // the device may have gone to sleep just before it could see that
    return (__atomic_load_n(&parts_->used.flags, __ATOMIC_ACQUIRE) & kDoNotNotify) == 0;
  }
  /// The next one that the device says to have used.
  std::optional<Used> take() {
    u16 filled = __atomic_load_n(&parts_->used.index, __ATOMIC_ACQUIRE);
    if (filled == taken_) return {};
    const Used& entry = parts_->used.ring[taken_++ % kSize];
    return Used{__atomic_load_n(&entry.id, __ATOMIC_RELAXED), __atomic_load_n(&entry.length, __ATOMIC_RELAXED)};
  }
  /// After Interrupts::Wanted take() must be asked once more: what was used just before interrupts nobody.
  void ask_for(Interrupts interrupts) {
    __atomic_store_n(&parts_->available.flags, u16(interrupts), __ATOMIC_RELEASE);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }

 private:
  static constexpr u16 kNext = 1, kDeviceWrites = 2, kDoNotNotify = 1;

  Parts* parts_ = nullptr;
  u64 physical_ = 0;
  u16 added_ = 0, taken_ = 0;
};

}  // namespace pith::virtio
