// Calls of the network service.
#include "servers/network/service.h"

#include <cstring>

#include "servers/network/status.h"

namespace pith::network {

namespace {

/// Whole values only. Errors: BadArgument.
template <class T>
Result<T> take(std::span<const std::byte> bytes) {
  if (bytes.size() != sizeof(T)) return Error::BadArgument;
  T value;
  memcpy(static_cast<void*>(&value), bytes.data(), sizeof value);
  return value;
}

template <class T, usize kRoom>
Bytes give(const T& value, std::span<std::byte, kRoom> room) {
  static_assert(sizeof(T) <= kRoom);
  memcpy(room.data(), &value, sizeof value);
  return {room.first(sizeof value)};
}

}  // namespace

/// A session of a component's next instance is a new one (lib/ipc/number.h).
Result<u32> Service::client(Session session) { return stack_.client_of(session.raw, vault::exchange().current.number() >> 32 & 0x7fff); }

Result<u64> Service::open(Session session, u64 kind, u64 family, u64 protocol) {
  if (kind == u64(Kind::Frame) && !may_configure(session)) return Error::Denied;
  return u64{TRY(stack_.open(TRY(client(session)), kind, family, protocol))};
}

Result<void> Service::bind(Session session, u64 socket, std::span<const std::byte> address) {
  return stack_.bind(TRY(client(session)), socket, TRY(take<Address>(address)));
}

Result<void> Service::connect(Session session, u64 socket, std::span<const std::byte> address) {
  return stack_.connect(TRY(client(session)), socket, TRY(take<Address>(address)));
}

Result<void> Service::listen(Session session, u64 socket, u64 backlog) { return stack_.listen(TRY(client(session)), socket, backlog); }

Result<protocols::NetworkAcceptResult> Service::accept(Session session, u64 socket, std::span<std::byte, 32> address_room) {
  Address partner;
  u32 accepted = TRY(stack_.accept(TRY(client(session)), socket, partner));
  return protocols::NetworkAcceptResult{accepted, give(partner, address_room)};
}

Result<void> Service::shutdown(Session session, u64 socket, u64 how) { return stack_.shutdown(TRY(client(session)), socket, how); }

Result<void> Service::close(Session session, u64 socket, u64 abort) { return stack_.close(TRY(client(session)), socket, abort); }

Result<Bytes> Service::own_address(Session session, u64 socket, std::span<std::byte, 32> address_room) {
  return give(TRY(stack_.own_address(TRY(client(session)), socket)), address_room);
}

Result<Bytes> Service::partner(Session session, u64 socket, std::span<std::byte, 32> address_room) {
  return give(TRY(stack_.partner(TRY(client(session)), socket)), address_room);
}

Result<void> Service::set_option(Session session, u64 socket, u64 option, u64 value) {
  return stack_.set_option(TRY(client(session)), socket, option, value);
}

Result<u64> Service::option(Session session, u64 socket, u64 option) { return stack_.option(TRY(client(session)), socket, option); }

Result<Bytes> Service::interface_state(Session, u64 number, std::span<std::byte, 448> state_room) {
  return give(TRY(stack_.interface_state(number)), state_room);
}

Result<void> Service::configure(Session session, u64 number, u64 changes, std::span<const std::byte> state) {
  if (!may_configure(session)) return Error::Denied;
  return stack_.configure(number, changes, TRY(take<Interface>(state)));
}

Result<Bytes> Service::status(Session, u64 from, std::span<std::byte, 448> text_room) {
  return Bytes{text_room.first(write_status(stack_, from, text_room))};
}

}  // namespace pith::network
