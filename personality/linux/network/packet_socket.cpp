// Sockets of whole frames (AF_PACKET): making them, and their addresses.
#include "personality/linux/environment.h"
#include "personality/linux/network/internet_socket.h"

namespace pith::personality {

namespace {

constexpr u8 kHardwareLength = 6;

/// struct sockaddr_ll.
struct LinkAddress {
  u16 family;
  u8 type[2];
  u32 interface;
  u16 hardware;
  u8 kind;
  u8 length;
  u8 bytes[8];
};
static_assert(sizeof(LinkAddress) == 20);

}  // namespace

SocketAddress link_socket_address(const network::Address& address) {
  constexpr u16 kEthernet = 1;
  LinkAddress told = {SocketFamily::Packet, {u8(address.port >> 8), u8(address.port)}, address.scope, kEthernet, 0, kHardwareLength, {}};
  memcpy(told.bytes, address.bytes, kHardwareLength);
  SocketAddress result;
  memcpy(result.bytes, &told, sizeof told);
  result.length = sizeof told;
  return result;
}

Result<network::Address> link_address_from(const SocketAddress& address) {
  LinkAddress given;
  if (address.length < sizeof given) return LinuxError::Invalid;
  memcpy(&given, address.bytes, sizeof given);
  network::Address result = {network::kLinkFamily, u32(given.type[0]) << 8 | given.type[1], {}, given.interface, 0};
  memcpy(result.bytes, given.bytes, kHardwareLength);
  return result;
}

network::Address FrameHead::partner() const {
  network::Address result = {network::kLinkFamily, u32(type[0]) << 8 | type[1], {}, 0, 0};
  memcpy(result.bytes, to, sizeof to);
  return result;
}

void FrameHead::tell_kind(SocketAddress& address) const {
  constexpr u8 kHost = 0, kBroadcast = 1, kMulticast = 2, kEverybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  LinkAddress told;
  memcpy(&told, address.bytes, sizeof told);
  told.kind = memcmp(to, kEverybody, sizeof to) == 0 ? kBroadcast : to[0] & 1 ? kMulticast : kHost;
  memcpy(address.bytes, &told, sizeof told);
}

Result<Reference<SocketFile>> make_packet_socket(Task& task, NetworkService& stack, u32 type, u32 protocol) {
  constexpr u64 kFrames = 4;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  if (type != SocketType::Datagram && type != SocketType::Raw) return LinuxError::NoSocketType;
  Result<u64> number = Error::NotFound;
  {
    Unlocked unlocked;
    number = stack.open(kFrames, 4, __builtin_bswap16(u16(protocol)));
  }
  if (!number && number.error() == Error::Denied) return LinuxError::NotPermitted;
  if (!number) return number.error() == Error::NotFound ? LinuxError::NoFamily : network_error(number.error());
  if (*number >= network::kSockets) return LinuxError::InputOutput;
  return Reference<SocketFile>(new InternetSocket(stack, *number, SocketFamily::Packet, type, protocol));
}

}  // namespace pith::personality
