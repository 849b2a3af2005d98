// A virtio block device: reads, writes, flushes and discards of sectors, many at a time. [virtio 1.2, 5.2]
#pragma once
#include "drivers/virtio/queue.h"

namespace pith::virtio_block {

inline constexpr u32 kSectorSize = 512;
/// Memory that it needs, page aligned: the queue, and the heads of requests.
inline constexpr u32 kMemoryBytes = virtio::Queue::kBytes + 4096;

enum class Kind : u32 { Read = 0, Write = 1, Flush = 4, Discard = 11 };
enum class Status : u8 { Good = 0, Failed = 1, NotSupported = 2 };

struct Done {
  u32 request;
  Status status;
};

class Device {
 public:
  explicit Device(virtio::Access& access) : transport_(access) {}

  /// Finds, resets and starts the device. `memory`: kMemoryBytes that it sees at `physical`. Errors: NotSupported, TimedOut, Damaged.
  Result<void> start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical);
  /// Resets and starts it again: nothing is under way any more. Errors: as start().
  Result<void> restart();

  u64 sectors() const { return sectors_; }
  bool is_read_only() const { return (features_ & kReadOnly) != 0; }
  bool can_flush() const { return (features_ & kFlush) != 0; }
  bool can_discard() const { return (features_ & kDiscard) != 0; }

  /// Begins a request of `length` bytes (a multiple of the sector size; 0 of a flush) at `address` as the device sees it. The device is
  /// told by publish(). Answers its number, or nothing when too many are under way.
  std::optional<u32> submit(Kind kind, u64 sector, u64 address, u32 length);
  void publish() {
    if (queue_.publish()) transport_.notify(0);
  }
  /// The next one that is done.
  std::optional<Done> take();
  /// Only restart() helps.
  bool is_broken() { return queue_.is_broken() || transport_.is_broken(); }

 private:
  static constexpr u64 kReadOnly = 1 << 5, kFlush = 1 << 9, kDiscard = 1 << 13;

  /// What goes before and after the data; of one request.
  struct Head {
    u32 kind, reserved;
    u64 sector;
    u64 discard_sector;
    u32 discard_sectors, discard_flags;
    u8 status;
    u8 padding[31];
  };
  static_assert(sizeof(Head) == 64 && sizeof(Head) * virtio::Queue::kRequests == 4096);

  virtio::Transport transport_;
  virtio::Queue queue_;
  std::span<std::byte> memory_;
  u64 physical_ = 0;
  Head* heads_ = nullptr;
  u64 features_ = 0, sectors_ = 0;
};

}  // namespace pith::virtio_block
