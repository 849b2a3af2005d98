// Moves bytes between clients, the rings in the vault and the device.
#include "servers/console/service.h"

#include <utility>

#include "lib/clock.h"

namespace pith::console {

namespace {

constexpr u32 kBytesAtOnce = 512;  // handed to the device before clients are looked at again
constexpr u64 kDrainPoll = kMillisecond;

}  // namespace

Result<u64> Service::write(Session session, std::span<const std::byte> data) {
  u64 accepted = 0;
  if (vault_.journal.take_redelivered(session.raw, data, accepted)) {
    commit_ = vault_.journal.clearing();
    return accepted;
  }
  if (data.empty()) return u64{0};
  while (vault_.transmit.room() == 0) {
    pump();
    if (vault_.transmit.room() == 0) pause();
  }
  accepted = std::min<u64>(data.size(), vault_.transmit.room());
  u64 tail = vault_.transmit.tail;
  vault_.transmit.prepare(data.first(accepted), tail);
  vault_.journal.prepare(session.raw, data, accepted, tail + accepted);
  vault_.transmit.publish(tail + accepted);  // commit
  commit_ = vault_.journal.clearing();
  return accepted;
}

Result<Bytes> Service::read(Session, u64 most, std::span<std::byte, 448> data_room) {
  usize length = vault_.receive.peek(std::span<std::byte>(data_room).first(std::min<u64>(most, data_room.size())));
  if (length) commit_ = {&vault_.receive.head, vault_.receive.head + length};
  return Bytes{data_room.first(length)};
}

Result<void> Service::wait_input(Session, Token token) {
  if (!input_waiters_.add(token)) return Error::Cancelled;
  return {};
}

Result<void> Service::drain(Session, Token token) {
  if (!drain_waiters_.add(token)) return Error::Cancelled;
  return {};
}

void Service::on_signals(u64) {
  device_.close_interrupts();
  is_closed_ = true;
}

Commit Service::commit() { return std::exchange(commit_, {}); }

/// Moves what can be moved without waiting.
void Service::pump() {
  auto& receive = vault_.receive;
  while (receive.room() > 0 && device_.has_received()) device_.receive(receive.place_of(receive.tail), {&receive.tail, receive.tail + 1});
  for (u32 sent = 0; sent < kBytesAtOnce && vault_.transmit.count() > 0;) {
    u32 room = device_.transmit_room();
    if (room == 0) break;
    for (; room > 0 && vault_.transmit.count() > 0; room--, sent++) {
      ipc::beat();  // whether the device is quick is not for this loop to say
      device_.transmit(u8(vault_.transmit.front()), {&vault_.transmit.head, vault_.transmit.head + 1});
    }
  }
}

void Service::idle() {
  using Causes = ns16550::Device::Causes;
  pump();
  // While there is no room for input the device keeps it, and must not interrupt: nothing could be done about it, again and again.
  u8 receive = vault_.receive.room() > 0 ? u8(Causes::Receive) : 0;
  u8 transmit = vault_.transmit.count() > 0 ? u8(Causes::Transmit) : 0;
  Causes causes = Causes(receive | transmit);
  if (is_closed_) acknowledge_interrupt();
  if (is_closed_ || causes != causes_) device_.open_interrupts(causes);
  is_closed_ = false;
  causes_ = causes;

  if (vault_.receive.count() > 0) input_waiters_.take_all([this](Token token) { reply_wait_input(token, {}); });
  deadline_ = 0;
  if (drain_waiters_.is_empty() || vault_.transmit.count() > 0) return;
  if (device_.has_sent_all()) {
    drain_waiters_.take_all([this](Token token) { reply_drain(token, {}); });
  } else {
    deadline_ = time() + kDrainPoll;  // the device does not say by interrupt when its last bit is out
  }
}

}  // namespace pith::console
