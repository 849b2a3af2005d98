// A virtio entropy device: it fills memory with random bytes. [virtio 1.2, 5.4]
#pragma once
#include "drivers/virtio/rings.h"

namespace pith::virtio_entropy {

inline constexpr u32 kBytes = 64;
using Rings = virtio::Rings<4>;
/// Memory that it needs, page aligned: the queue, and room for the bytes.
inline constexpr u32 kMemoryBytes = Rings::kBytes + kPageSize;

class Device {
 public:
  explicit Device(virtio::Access& access) : transport_(access) {}

  /// Finds, resets and starts the device. `memory`: kMemoryBytes that it sees at `physical`. Errors: NotSupported, TimedOut, NoMemory.
  Result<void> start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical);

  /// Asks for kBytes, unless they are asked for already.
  void ask();
  /// What it has given since it was asked; empty: nothing yet. Valid until the next ask().
  std::span<const std::byte> take();
  bool is_broken() { return transport_.is_broken(); }

 private:
  virtio::Transport transport_;
  Rings rings_;
  std::span<std::byte> room_;
  u64 physical_room_ = 0;
  bool is_asked_ = false;
};

}  // namespace pith::virtio_entropy
