// Formats lines, keeps them, prints them.
#include "servers/log/service.h"

#include <cstdio>
#include <cstring>
#include <utility>

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
  u64 accepted = 0;
  if (vault_.journal.take_redelivered(session.raw, text, accepted)) {
    commit_ = vault_.journal.clearing();
    return {};
  }
  std::byte line[kPrefix + 448 + 1];
  usize length = write_prefix(reinterpret_cast<char*>(line), time(), component_name(session.raw - 1));
  for (std::byte value : text) {
    // A line stays one line, and the terminal's state is not its writer's business.
    u8 character = u8(value);
    line[length++] = character < ' ' && character != '\t' ? std::byte('?') : value;
  }
  line[length++] = std::byte('\n');
  std::span<const std::byte> whole(line, length);

  // On a port that nobody reads, lines are kept in the ring only.
  std::span<const std::byte> printed = vault_.transmit.room() >= length ? whole : whole.first(0);
  u64 tail = vault_.transmit.tail;
  vault_.transmit.prepare(printed, tail);
  vault_.lines.prepare(whole);
  vault_.lines_end = vault_.lines.end + length;
  vault_.journal.prepare(session.raw, text, text.size(), tail + printed.size());
  vault_.transmit.publish(tail + printed.size());  // commit
  vault_.lines.publish(vault_.lines_end);
  commit_ = vault_.journal.clearing();
  print();
  return {};
}

Result<u64> Service::raw(Session session, std::span<const std::byte> data) {
  u64 accepted = 0;
  if (vault_.journal.take_redelivered(session.raw, data, accepted)) {
    commit_ = vault_.journal.clearing();
    return accepted;
  }
  accepted = std::min<u64>(data.size(), vault_.transmit.room());
  u64 tail = vault_.transmit.tail;
  vault_.transmit.prepare(data.first(accepted), tail);
  vault_.lines_end = vault_.lines.end;
  vault_.journal.prepare(session.raw, data, accepted, tail + accepted);
  vault_.transmit.publish(tail + accepted);  // commit
  commit_ = vault_.journal.clearing();
  print();
  return accepted;
}

Result<protocols::LogReadResult> Service::read(Session, u64 from, std::span<std::byte, 448> data_room) {
  usize length = 0;
  u64 next = vault_.lines.read(from, data_room, length);
  return protocols::LogReadResult{next, Bytes{data_room.first(length)}};
}

Commit Service::commit() { return std::exchange(commit_, {}); }

void Service::print() {
  for (u32 polls = 0; polls < kPolls && vault_.transmit.count() > 0;) {
    u32 room = device_.transmit_room();
    if (room == 0) polls++;
    for (; room > 0 && vault_.transmit.count() > 0; room--) {
      ipc::beat();  // whether the device is quick is not for this loop to say
      device_.transmit(u8(vault_.transmit.front()), {&vault_.transmit.head, vault_.transmit.head + 1});
    }
  }
}

void Service::idle() {
  if (vault_.transmit.count() > 0) print();
  deadline_ = vault_.transmit.count() > 0 ? time() + kRetry : 0;
}

}  // namespace pith::log
