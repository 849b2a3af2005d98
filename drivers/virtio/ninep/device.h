// A virtio 9P transport: messages of the 9P protocol to a folder's host and its replies, several at a time. [virtio 1.2, 5.15 (device
// number 9)]
#pragma once
#include "drivers/virtio/rings.h"

namespace pith::virtio_ninep {

inline constexpr u32 kRequests = 16;
/// Room for one message, and for one reply. Bytes.
inline constexpr u32 kMessageBytes = 8192;
inline constexpr u32 kMostPieces = 4;
using Rings = virtio::Rings<kRequests * kMostPieces>;
/// Memory that it needs, page aligned: the queue, and the rooms.
inline constexpr u32 kMemoryBytes = Rings::kBytes + kRequests * 2 * kMessageBytes;

/// What the device has done: which request, and how many bytes it says to have written.
struct Done {
  u32 request;
  u32 written;
};

/// It trusts nothing that the device writes: a completion that makes no sense breaks it.
class Device {
 public:
  explicit Device(virtio::Access& access) : transport_(access) {}

  /// Finds, resets and starts the device. `memory`: kMemoryBytes that it sees at `physical`. Errors: NotSupported, TimedOut, NoMemory.
  Result<void> start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical);
  /// Resets and starts it again: nothing is under way any more, nothing arrives late. Errors: as start().
  Result<void> restart();

  /// What the folder is called, at most `room` bytes of it. Answers how many.
  u32 tag(std::span<char> room);

  /// A request that is not under way; nothing when all are.
  std::optional<u32> next() const;
  std::span<std::byte> message(u32 request) { return room(request, 0); }
  std::span<const std::byte> reply(u32 request) { return room(request, 1); }
  /// Sends the first `length` bytes of its message and then `data`, or has the reply put into the first `reply_length` bytes of its reply
  /// and then into `data`, as `data.device_writes` says. `data.length` 0: there is none.
  void submit(u32 request, u32 length, u32 reply_length, virtio::Piece data);
  /// The next one that is done.
  std::optional<Done> take();
  /// Only restart() helps.
  bool is_broken() { return is_broken_ || transport_.is_broken(); }

 private:
  std::span<std::byte> room(u32 request, u32 which) {
    return memory_.subspan(Rings::kBytes + u64{request * 2 + which} * kMessageBytes, kMessageBytes);
  }
  u64 physical_room(u32 request, u32 which) const { return physical_ + Rings::kBytes + u64{request * 2 + which} * kMessageBytes; }

  virtio::Transport transport_;
  Rings rings_;
  std::span<std::byte> memory_;
  u64 physical_ = 0;
  u32 under_way_ = 0;  // requests, as bits
  bool is_broken_ = false;
};

}  // namespace pith::virtio_ninep
