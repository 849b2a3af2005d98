// A virtio network card without offloads: frames of Ethernet, sent and received in the slots of others. [virtio 1.2, 5.1]
#pragma once
#include "drivers/virtio/net/slots.h"

namespace pith::virtio_net {

/// What the device reads or writes before each frame. [virtio 1.2, 5.1.6]
struct Header {
  u8 flags, segmentation;
  u16 header_length, segment_size, checksum_start, checksum_offset, buffers;
};
static_assert(sizeof(Header) == 12);

/// Memory that it needs, page aligned: a queue for each direction.
inline constexpr u32 kMemoryBytes = 2 * Slots::kBytes;
inline constexpr u32 kMostBytes = 1514;  ///< of a frame, without checksum

class Device {
 public:
  explicit Device(virtio::Access& access) : transport_(access) {}

  /// Finds and resets the device: it touches nothing before restart(). `memory`: kMemoryBytes that it sees at `physical`, in which what an
  /// instance before has left stays. Errors: NotSupported, TimedOut, NoMemory.
  Result<void> start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical);
  /// Between start() and restart(): take_received() and sent().take() answer what the device had done for an instance before, from these
  /// slots on. A reset device touches its queues no more, so this is all that it has done.
  void reopen(u64 first_received, u64 first_sent);
  /// Resets the device and has it run: it touches no slot that it was given before. The next slots are of these numbers. Errors: as
  /// start().
  Result<void> restart(u64 first_received, u64 first_sent);

  /// 6 bytes.
  std::span<const u8, 6> address() const { return address_; }
  bool has_link();

  /// Has the next frame received to `address` as the device sees it, a Header before it: room for kMostBytes. publish() tells the device.
  void receive(u64 address) {
    received_.add({address - sizeof(Header), sizeof(Header) + kMostBytes, true});
    has_received_news_ = true;
  }
  /// Sends `length` bytes (14…kMostBytes) at `address` as the device sees it, a Header of zeroes before it. publish() tells the device.
  void send(u64 address, u32 length) {
    sent_.add({address - sizeof(Header), u32(sizeof(Header)) + length, false});
    has_sent_news_ = true;
  }
  void publish();
  /// Length of the frame in received slot number received().taken(), when there is one. A device that writes none, or too much, is broken.
  std::optional<u32> take_received();

  const Slots& received() const { return received_; }
  Slots& sent() { return sent_; }
  /// Only restart() helps.
  bool is_broken() { return is_odd_ || received_.is_broken() || sent_.is_broken() || transport_.is_broken(); }

 private:
  static constexpr u64 kAddress = 1 << 5, kStatus = 1 << 16;
  static constexpr u32 kReceiveQueue = 0, kSendQueue = 1;

  Result<void> reset();
  std::span<std::byte> received_memory() const { return memory_.first(Slots::kBytes); }
  std::span<std::byte> sent_memory() const { return memory_.subspan(Slots::kBytes, Slots::kBytes); }

  virtio::Transport transport_;
  Slots received_, sent_;
  std::span<std::byte> memory_;
  u64 physical_ = 0, features_ = 0;
  u8 address_[6] = {};
  bool has_received_news_ = false, has_sent_news_ = false;
  bool is_odd_ = false;
  bool is_reset_ = false;  // and has been told nothing since
};

}  // namespace pith::virtio_net
