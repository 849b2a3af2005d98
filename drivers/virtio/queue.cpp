// Request number N has the descriptors from N * kMostPieces on.
#include "drivers/virtio/queue.h"

#include <bit>

namespace pith::virtio {

void Queue::initialize(std::span<std::byte> memory, u64 physical) {
  rings_.initialize(memory, physical);
  free_ = ~u64{0};
  static_assert(kRequests == 64);
  is_broken_ = false;
}

std::optional<u32> Queue::next() const {
  if (free_ == 0) return {};
  return u32(std::countr_zero(free_));
}

std::optional<u32> Queue::add(std::span<const Piece> pieces) {
  auto number = next();
  if (!number || pieces.empty() || pieces.size() > kMostPieces) return {};
  free_ &= free_ - 1;
  rings_.add(*number * kMostPieces, pieces);
  return number;
}

std::optional<Completion> Queue::take() {
  if (is_broken_) return {};
  auto used = rings_.take();
  if (!used) return {};
  u32 request = used->id / kMostPieces;
  bool is_under_way = used->id % kMostPieces == 0 && request < kRequests && (free_ >> request & 1) == 0;
  if (!is_under_way) {
    is_broken_ = true;
    return {};
  }
  free_ |= u64{1} << request;
  return Completion{request, used->length};
}

}  // namespace pith::virtio
