// One request at a time.
#include "drivers/virtio/entropy/device.h"

#include <algorithm>

#include "abi/error.h"

namespace pith::virtio_entropy {

Result<void> Device::start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical) {
  if (memory.size() < kMemoryBytes) return Error::NoMemory;
  TRY(transport_.find(function, index, size));
  TRY(transport_.reset());
  TRY(transport_.agree(0));
  rings_.initialize(memory, physical);
  is_asked_ = false;
  TRY(transport_.set_queue(0, rings_.places()));
  transport_.run();
  room_ = memory.subspan(Rings::kBytes, kBytes);
  physical_room_ = physical + Rings::kBytes;
  return {};
}

void Device::ask() {
  virtio::Piece piece{physical_room_, kBytes, true};
  if (is_asked_) return;
  is_asked_ = true;
  rings_.add(0, {&piece, 1});
  if (rings_.publish()) transport_.notify(0);
}

std::span<const std::byte> Device::take() {
  auto used = rings_.take();
  if (!used || !is_asked_) return {};
  is_asked_ = false;
  return room_.first(std::min(used->length, kBytes));
}

}  // namespace pith::virtio_entropy
