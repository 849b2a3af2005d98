// Requests of several pieces to a virtio device, done in any order.
#pragma once
#include "drivers/virtio/rings.h"

namespace pith::virtio {

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
  static constexpr u32 kBytes = Rings<kSize>::kBytes;

  /// `memory`: kBytes of them, `physical` where the device sees them. Begins empty.
  void initialize(std::span<std::byte> memory, u64 physical);
  QueuePlaces places() const { return rings_.places(); }

  /// The number that add() is going to give.
  std::optional<u32> next() const;
  /// Makes a request available; publish() lets the device see it. Answers its number, or nothing when kRequests are under way.
  std::optional<u32> add(std::span<const Piece> pieces);
  /// Whether the device wants to be told.
  bool publish() { return rings_.publish(); }
  std::optional<Completion> take();

  bool is_broken() const { return is_broken_; }

 private:
  Rings<kSize> rings_;
  u64 free_ = 0;  // requests that are not under way, as bits
  bool is_broken_ = false;
};

}  // namespace pith::virtio
