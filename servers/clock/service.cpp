// Keeps sleepers in a heap by deadline.
#include "servers/clock/service.h"

#include <algorithm>

namespace pith::clock {

namespace {

constexpr auto kLater = [](const Sleeper& left, const Sleeper& right) { return left.deadline > right.deadline; };

}  // namespace

Result<u64> Service::wall_offset(Session) { return state_.wall_offset; }

Result<void> Service::set_wall_offset(Session, u64 nanoseconds) {
  state_.wall_offset = nanoseconds;
  return {};
}

Result<void> Service::sleep_until(Session, Token token, u64 deadline) {
  if (state_.count == kMostSleepers) return Error::NoSpace;
  state_.sleepers[state_.count++] = {deadline ? deadline : 1, token};
  std::push_heap(state_.sleepers, state_.sleepers + state_.count, kLater);
  return {};
}

void Service::advance() {
  while (is_due()) {
    std::pop_heap(state_.sleepers, state_.sleepers + state_.count, kLater);
    reply_sleep_until(state_.sleepers[--state_.count].token, {});
  }
}

}  // namespace pith::clock
