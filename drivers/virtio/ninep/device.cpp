// Request number N has the descriptors from N * kMostPieces on, and rooms of its own.
#include "drivers/virtio/ninep/device.h"

#include <bit>

#include "abi/error.h"

namespace pith::virtio_ninep {

namespace {
constexpr u64 kHasTag = 1;
}

Result<void> Device::start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical) {
  if (memory.size() < kMemoryBytes) return Error::NoMemory;
  memory_ = memory;
  physical_ = physical;
  TRY(transport_.find(function, index, size));
  return restart();
}

Result<void> Device::restart() {
  TRY(transport_.reset());
  TRY(transport_.agree(kHasTag));
  rings_.initialize(memory_, physical_);
  under_way_ = 0;
  is_broken_ = false;
  TRY(transport_.set_queue(0, rings_.places()));
  transport_.run();
  return {};
}

u32 Device::tag(std::span<char> room) {
  u32 length = transport_.device_byte(0) | u32{transport_.device_byte(1)} << 8, count = 0;
  for (; count < length && count < room.size(); count++) room[count] = char(transport_.device_byte(2 + count));
  return count;
}

std::optional<u32> Device::next() const {
  u32 request = u32(std::countr_one(under_way_));
  return request < kRequests ? std::optional<u32>(request) : std::nullopt;
}

void Device::submit(u32 request, u32 length, u32 reply_length, virtio::Piece data) {
  virtio::Piece pieces[kMostPieces];
  u32 count = 0;
  pieces[count++] = {physical_room(request, 0), length, false};
  if (data.length != 0 && !data.device_writes) pieces[count++] = data;
  pieces[count++] = {physical_room(request, 1), reply_length, true};
  if (data.length != 0 && data.device_writes) pieces[count++] = data;
  under_way_ |= 1u << request;
  rings_.add(request * kMostPieces, {pieces, count});
  if (rings_.publish()) transport_.notify(0);
}

std::optional<Done> Device::take() {
  if (is_broken_) return {};
  auto used = rings_.take();
  if (!used) return {};
  u32 request = used->id / kMostPieces;
  if (used->id % kMostPieces != 0 || request >= kRequests || (under_way_ >> request & 1) == 0) {
    is_broken_ = true;
    return {};
  }
  under_way_ &= ~(1u << request);
  return Done{request, used->length};
}

}  // namespace pith::virtio_ninep
