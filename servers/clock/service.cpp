// Keeps sleepers in a heap by deadline.
#include "servers/clock/service.h"

#include <algorithm>

namespace pith::clock {

namespace {

constexpr auto kLater = [](const auto& left, const auto& right) { return left.deadline > right.deadline; };

}  // namespace

Result<u64> Service::wall_offset(Session) { return vault_.wall_offset; }

Result<void> Service::set_wall_offset(Session, u64 nanoseconds) {
  vault_.wall_offset = nanoseconds;
  return {};
}

Result<void> Service::sleep_until(Session, Token token, u64 deadline) {
  if (count_ == kMostSleepers) return Error::NoSpace;
  sleepers_[count_++] = {deadline ? deadline : 1, token};
  std::push_heap(sleepers_, sleepers_ + count_, kLater);
  return {};
}

void Service::idle() {
  while (count_ && sleepers_[0].deadline <= time()) {
    std::pop_heap(sleepers_, sleepers_ + count_, kLater);
    reply_sleep_until(sleepers_[--count_].token, {});
  }
}

}  // namespace pith::clock
