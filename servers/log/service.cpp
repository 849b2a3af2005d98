// Formats lines, keeps them, prints them.
#include "servers/log/service.h"

#include <cstdio>
#include <cstring>

#include "lib/clock.h"

namespace pith::log {

namespace {

constexpr u32 kPolls = 4096;               // looks at a full device before others get their turn
constexpr u64 kRetry = 10 * kMillisecond;  // until the next look at a device that does not move
constexpr usize kPrefix = 64;

/// "[seconds.millis] name: "
usize write_prefix(char* line, u64 time, std::string_view name) {
  int length = snprintf(line, kPrefix, "[%5llu.%03llu] %.*s: ", static_cast<unsigned long long>(time / kSecond),
                        static_cast<unsigned long long>(time / kMillisecond % 1000), int(name.size()), name.data());
  return length < 0 ? 0 : std::min<usize>(usize(length), kPrefix - 1);
}

}  // namespace

Result<void> Service::line(Session session, u64, std::span<const std::byte> text) {
  std::byte line[kPrefix + 448 + 1];
  usize length = write_prefix(reinterpret_cast<char*>(line), time(), component_name(session.raw - 1));
  for (std::byte value : text) {
    // A line stays one line, and the terminal's state is not its writer's business.
    u8 character = u8(value);
    line[length++] = character < ' ' && character != '\t' ? std::byte('?') : value;
  }
  line[length++] = std::byte('\n');
  std::span<const std::byte> whole(line, length);
  state_.lines.add(whole);
  // On a port that nobody reads, lines are kept in the ring only.
  if (state_.transmit.room() >= length) state_.transmit.add(whole);
  return {};
}

Result<u64> Service::raw(Session, std::span<const std::byte> data) {
  u64 accepted = std::min<u64>(data.size(), state_.transmit.room());
  state_.transmit.add(data.first(accepted));
  return accepted;
}

Result<protocols::LogReadResult> Service::read(Session, u64 from, std::span<std::byte, 448> data_room) {
  usize length = 0;
  u64 next = state_.lines.read(from, data_room, length);
  return protocols::LogReadResult{next, Bytes{data_room.first(length)}};
}

bool Service::look() {
  auto& transmit = state_.transmit;
  for (u32 polls = 0; polls < kPolls && transmit.count() > 0;) {
    u32 room = device_.transmit_room();
    if (room == 0) polls++;
    for (; room > 0 && transmit.count() > 0; room--) device_.transmit(u8(transmit.front()), {&transmit.head, transmit.head + 1});
  }
  return false;  // nothing is ever parked
}

u64 Service::deadline() { return state_.transmit.count() > 0 ? time() + kRetry : 0; }

}  // namespace pith::log
