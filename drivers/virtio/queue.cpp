// Request number N has the descriptors from N * kMostPieces on.
#include "drivers/virtio/queue.h"

#include <atomic>
#include <bit>
#include <cstring>

namespace pith::virtio {

namespace {

constexpr u16 kNext = 1, kDeviceWrites = 2, kDoNotNotify = 1;

template <class T>
T load(const T& place) {
  return __atomic_load_n(&place, __ATOMIC_ACQUIRE);
}

}  // namespace

void Queue::initialize(std::span<std::byte> memory, u64 physical) {
  memset(memory.data(), 0, kBytes);
  descriptors_ = reinterpret_cast<Descriptor*>(memory.data());
  available_ = reinterpret_cast<Available*>(memory.data() + sizeof(Descriptor) * kSize);
  used_ = reinterpret_cast<Used*>(memory.data() + sizeof(Descriptor) * kSize + 4096);
  physical_ = physical;
  free_ = ~u64{0};
  static_assert(kRequests == 64);
  added_ = taken_ = 0;
  is_broken_ = false;
}

QueuePlaces Queue::places() const {
  u64 available = physical_ + sizeof(Descriptor) * kSize;
  return {physical_, available, available + 4096, kSize};
}

std::optional<u32> Queue::next() const {
  if (free_ == 0) return {};
  return u32(std::countr_zero(free_));
}

std::optional<u32> Queue::add(std::span<const Piece> pieces) {
  auto number = next();
  if (!number || pieces.empty() || pieces.size() > kMostPieces) return {};
  u32 request = *number;
  free_ &= free_ - 1;
  u32 first = request * kMostPieces;
  for (u32 i = 0; i < pieces.size(); i++) {
    bool is_last = i + 1 == pieces.size();
    u16 flags = u16((pieces[i].device_writes ? kDeviceWrites : 0) | (is_last ? 0 : kNext));
    descriptors_[first + i] = {pieces[i].address, pieces[i].length, flags, u16(is_last ? 0 : first + i + 1)};
  }
  available_->ring[added_ % kSize] = u16(first);
  added_++;
  return request;
}

bool Queue::publish() {
  __atomic_store_n(&available_->index, added_, __ATOMIC_RELEASE);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // the device may have gone to sleep just before it could see that
  return (load(used_->flags) & kDoNotNotify) == 0;
}

std::optional<Completion> Queue::take() {
  u16 filled = load(used_->index);
  if (is_broken_ || filled == taken_) return {};
  UsedEntry entry;
  memcpy(&entry, const_cast<const UsedEntry*>(&used_->ring[taken_ % kSize]), sizeof entry);
  taken_++;
  u32 request = entry.id / kMostPieces;
  bool is_under_way = entry.id % kMostPieces == 0 && request < kRequests && (free_ >> request & 1) == 0;
  if (!is_under_way) {
    is_broken_ = true;
    return {};
  }
  free_ |= u64{1} << request;
  return Completion{request, entry.length};
}

}  // namespace pith::virtio
