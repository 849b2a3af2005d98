// Moves bytes between clients, the rings in the vault and the device.
#include "servers/console/service.h"

#include "lib/clock.h"
#include "lib/vault/parking.h"

namespace pith::console {

namespace {

constexpr u32 kBytesAtOnce = 512;  // handed to the device before clients are looked at again
constexpr u64 kDrainPoll = kMillisecond;

}  // namespace

Result<u64> Service::write(Session, std::span<const std::byte> data) {
  if (data.empty()) return u64{0};
  if (state_.transmit.room() == 0) vault::park();
  u64 accepted = std::min<u64>(data.size(), state_.transmit.room());
  state_.transmit.add(data.first(accepted));
  return accepted;
}

Result<Bytes> Service::read(Session, u64 most, std::span<std::byte, 448> data_room) {
  usize length = state_.receive.peek(std::span<std::byte>(data_room).first(std::min<u64>(most, data_room.size())));
  state_.receive.head += length;
  return Bytes{data_room.first(length)};
}

Result<void> Service::wait_input(Session, Token token) {
  if (!state_.input_waiters.add(token)) return Error::Cancelled;
  return {};
}

Result<void> Service::drain(Session, Token token) {
  if (!state_.drain_waiters.add(token)) return Error::Cancelled;
  return {};
}

/// Answers how many bytes the device has taken.
u32 Service::pump() {
  auto& receive = state_.receive;
  while (receive.room() > 0 && device_.has_received()) device_.receive(receive.place_of(receive.tail), {&receive.tail, receive.tail + 1});
  u32 sent = 0;
  while (sent < kBytesAtOnce && state_.transmit.count() > 0) {
    u32 room = device_.transmit_room();
    if (room == 0) break;
    for (; room > 0 && state_.transmit.count() > 0; room--, sent++) {
      device_.transmit(u8(state_.transmit.front()), {&state_.transmit.head, state_.transmit.head + 1});
    }
  }
  return sent;
}

bool Service::look() {
  using Causes = ns16550::Device::Causes;
  if (is_interrupted_) device_.close_interrupts();
  u32 sent = pump();
  // While there is no room for input the device keeps it, and must not interrupt: nothing could be done about it, again and again.
  u8 receive = state_.receive.room() > 0 ? u8(Causes::Receive) : 0;
  u8 transmit = state_.transmit.count() > 0 ? u8(Causes::Transmit) : 0;
  Causes causes = Causes(receive | transmit);
  if (is_interrupted_) acknowledge_interrupt();
  if (is_interrupted_ || causes != causes_) device_.open_interrupts(causes);
  is_interrupted_ = false;
  causes_ = causes;
  return sent != 0;
}

bool Service::is_due() {
  if (!state_.input_waiters.is_empty() && state_.receive.count() > 0) return true;
  return !state_.drain_waiters.is_empty() && state_.transmit.count() == 0 && device_.has_sent_all();
}

void Service::advance() {
  if (state_.receive.count() > 0) state_.input_waiters.take_all([this](Token token) { reply_wait_input(token, {}); });
  if (state_.transmit.count() == 0 && device_.has_sent_all())
    state_.drain_waiters.take_all([this](Token token) { reply_drain(token, {}); });
}

/// The device does not say by interrupt when its last bit is out.
u64 Service::deadline() { return state_.drain_waiters.is_empty() || state_.transmit.count() > 0 ? 0 : time() + kDrainPoll; }

}  // namespace pith::console
