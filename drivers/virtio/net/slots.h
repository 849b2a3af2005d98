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
  /// Over what an instance before has left in `memory`, its device reset: take() answers what the device was done with, from slot number
  /// `taken` on, which is the first one that nobody has taken. Nothing may be added before initialize().
  void reopen(std::span<std::byte> memory, u64 taken);
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

  /// For the next instance, behind the rings.
  struct Record {
    static constexpr u64 kMagic = 0x53544f4c53544b50;  // "PKTSLOTS"
    u64 magic;                                         ///< kMagic: slot number N is number N - first of those that the device was given
    u64 first;
  };
  static_assert(virtio::Rings<kCount>::kOwnBytes + sizeof(Record) <= kBytes);
  static Record& record_in(std::span<std::byte> memory) { return *reinterpret_cast<Record*>(memory.data() + kBytes - sizeof(Record)); }

  virtio::Rings<kCount> rings_;
  State states_[kCount] = {};
  u32 written_[kCount] = {};
  Record* record_ = nullptr;
  u64 added_ = 0, taken_ = 0;
  bool is_broken_ = false;
};

}  // namespace pith::virtio_net
