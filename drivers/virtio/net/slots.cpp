// A device may be done with slots in any order: those that are done too early wait for the ones before them.
#include "drivers/virtio/net/slots.h"

#include <algorithm>

namespace pith::virtio_net {

void Slots::initialize(std::span<std::byte> memory, u64 physical, u64 first) {
  rings_.initialize(memory, physical);
  std::ranges::fill(states_, State::Free);
  added_ = taken_ = first;
  is_broken_ = false;
  record_ = &record_in(memory);
  record_->first = first;
  __atomic_store_n(&record_->magic, Record::kMagic, __ATOMIC_RELEASE);
}

void Slots::reopen(std::span<std::byte> memory, u64 taken) {
  const Record& record = record_in(memory);
  bool is_known = record.magic == Record::kMagic && rings_.reopen(memory, u16(taken - record.first));
  std::ranges::fill(states_, is_known ? State::UnderWay : State::Free);
  taken_ = taken;
  added_ = is_known ? taken + kCount : taken;
  is_broken_ = !is_known;
}

void Slots::add(const virtio::Piece& piece) {
  u32 slot = added_++ % kCount;
  states_[slot] = State::UnderWay;
  rings_.add(slot, {&piece, 1});
}

void Slots::skip() {
  record_->magic = 0;  // which slot the device had for which of its entries is not known by counting any more
  u32 slot = added_++ % kCount;
  states_[slot] = State::Done;
  written_[slot] = 0;
}

std::optional<u32> Slots::take() {
  while (!is_broken_ && states_[taken_ % kCount] != State::Done) {
    auto used = rings_.take();
    if (!used) return {};
    is_broken_ = used->id >= kCount || states_[used->id] != State::UnderWay;
    if (is_broken_) break;
    states_[used->id] = State::Done;
    written_[used->id] = used->length;
  }
  if (is_broken_) return {};
  u32 slot = taken_++ % kCount;
  states_[slot] = State::Free;
  return written_[slot];
}

}  // namespace pith::virtio_net
