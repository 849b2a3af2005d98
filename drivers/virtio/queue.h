// A split virtqueue: descriptors that name memory, what is available to the device, and what it has used. [virtio 1.2, 2.7]
#pragma once
#include <cstddef>
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

/// What the device has done: which request, and how many bytes it says to have written.
struct Completion {
  u32 request;
  u32 written;
};

/// A queue of requests, each of at most kMostPieces pieces. It trusts nothing that the device writes: what makes no sense is not taken, and
/// is_broken() from then on. Lives in memory that the device reaches.
class Queue {
 public:
  static constexpr u32 kRequests = 64, kMostPieces = 4, kSize = kRequests * kMostPieces;
  /// Bytes that it needs, from a page boundary on.
  static constexpr u32 kBytes = 16 * kSize + 4096 + 4096;

  /// `memory`: kBytes of them, `physical` where the device sees them. Begins empty.
  void initialize(std::span<std::byte> memory, u64 physical);
  QueuePlaces places() const;

  /// The number that add() is going to give.
  std::optional<u32> next() const;
  /// Makes a request available; publish() lets the device see it. Answers its number, or nothing when kRequests are under way.
  std::optional<u32> add(std::span<const Piece> pieces);
  /// Whether the device wants to be told.
  bool publish();
  std::optional<Completion> take();

  bool is_broken() const { return is_broken_; }

 private:
  struct Descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
  };
  struct Available {
    u16 flags, index;
    u16 ring[kSize];
  };
  struct UsedEntry {
    u32 id, length;
  };
  struct Used {
    u16 flags, index;
    UsedEntry ring[kSize];
  };
  static_assert(sizeof(Available) <= 4096 && sizeof(Used) <= 4096);

  Descriptor* descriptors_ = nullptr;
  Available* available_ = nullptr;
  Used* used_ = nullptr;
  u64 physical_ = 0;
  u64 free_ = 0;  // requests that are not under way, as bits
  u16 added_ = 0, taken_ = 0;
  bool is_broken_ = false;
};

}  // namespace pith::virtio
