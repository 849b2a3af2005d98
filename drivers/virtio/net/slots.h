// One direction of a network card: slots of memory that a virtio device fills or reads, each one a descriptor, told in the order of slots.
#pragma once
#include "drivers/virtio/rings.h"

namespace pith::virtio_net {

/// Slots are counted since the beginning; number N has descriptor N % kCount. Trusts nothing that the device writes, as virtio::Queue.
class Slots {
 public:
  static constexpr u32 kCount = 128;
  static constexpr u32 kBytes = virtio::Rings<kCount>::kBytes;

  /// `memory`: kBytes of them, `physical` where the device sees them. The first slot that is going to be added is number `first`.
  void initialize(std::span<std::byte> memory, u64 physical, u64 first);
  virtio::QueuePlaces places() const { return rings_.places(); }

  /// How many were added, and how many of them were taken, both counted from number 0 on.
  u64 added() const { return added_; }
  u64 taken() const { return taken_; }
  bool is_full() const { return added_ - taken_ == kCount; }

  /// Gives the device the next slot; it is not full. publish() lets the device see it.
  void add(const virtio::Piece& piece);
  /// The next slot needs no device: it is taken when those before it are.
  void skip();
  /// Whether the device wants to be told.
  bool publish() { return rings_.publish(); }
  /// When slot number taken() is done: how many bytes the device says to have written, of a slot that was skipped 0.
  std::optional<u32> take();
  void ask_for(virtio::Interrupts interrupts) { rings_.ask_for(interrupts); }

  bool is_broken() const { return is_broken_; }

 private:
  enum class State : u8 { Free, UnderWay, Done };

  virtio::Rings<kCount> rings_;
  State states_[kCount] = {};
  u32 written_[kCount] = {};
  u64 added_ = 0, taken_ = 0;
  bool is_broken_ = false;
};

}  // namespace pith::virtio_net
