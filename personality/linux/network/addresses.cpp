// Addresses and errors of the stack as programs see them, and the options of internet sockets.
#include "personality/linux/environment.h"
#include "personality/linux/network/internet_socket.h"

namespace pith::personality {

namespace {

/// struct sockaddr_in.
struct Address4 {
  u16 family;
  u8 port[2];
  u8 bytes[4];
  u8 zero[8];
};
/// struct sockaddr_in6.
struct Address6 {
  u16 family;
  u8 port[2];
  u32 flow;
  u8 bytes[16];
  u32 scope;
};
static_assert(sizeof(Address4) == 16 && sizeof(Address6) == 28);

struct Level {
  static constexpr u32 Internet = 0, Socket = 1, Tcp = 6, Internet6 = 41, Icmp6 = 58, Raw = 255;
};

enum class Effect : u8 { Set, Ignored };
struct OptionRow {
  u32 level, name;
  Effect effect;
  u64 option;  ///< network::Option
};

/// What programs may set. Ignored: succeeds without effect, since programs take a refusal for the end.
constexpr OptionRow kOptions[] = {
    {Level::Socket, 2, Effect::Set, network::Option::ReuseAddress},
    {Level::Socket, 6, Effect::Set, network::Option::Broadcast},
    {Level::Socket, 9, Effect::Set, network::Option::KeepAlive},
    {Level::Internet, 1, Effect::Ignored, 0},  // IP_TOS
    {Level::Internet, 2, Effect::Set, network::Option::TimeToLive},
    {Level::Internet, 3, Effect::Set, network::Option::HeaderIncluded},
    {Level::Internet, 8, Effect::Ignored, 0},   // IP_PKTINFO
    {Level::Internet, 10, Effect::Ignored, 0},  // IP_MTU_DISCOVER
    {Level::Internet, 11, Effect::Ignored, 0},  // IP_RECVERR
    {Level::Internet, 12, Effect::Ignored, 0},  // IP_RECVTTL
    {Level::Internet, 33, Effect::Ignored, 0},  // IP_MULTICAST_TTL
    {Level::Internet, 34, Effect::Ignored, 0},  // IP_MULTICAST_LOOP
    {Level::Tcp, 1, Effect::Set, network::Option::NoDelay},
    {Level::Tcp, 3, Effect::Ignored, 0},  // TCP_CORK
    {Level::Tcp, 4, Effect::Set, network::Option::KeepIdle},
    {Level::Tcp, 5, Effect::Set, network::Option::KeepInterval},
    {Level::Tcp, 6, Effect::Set, network::Option::KeepCount},
    {Level::Tcp, 7, Effect::Ignored, 0},        // TCP_SYNCNT
    {Level::Tcp, 9, Effect::Ignored, 0},        // TCP_DEFER_ACCEPT
    {Level::Tcp, 12, Effect::Ignored, 0},       // TCP_QUICKACK
    {Level::Tcp, 18, Effect::Ignored, 0},       // TCP_USER_TIMEOUT
    {Level::Tcp, 23, Effect::Ignored, 0},       // TCP_FASTOPEN
    {Level::Internet6, 1, Effect::Ignored, 0},  // IPV6_ADDRFORM, of raw sockets the checksum's place
    {Level::Internet6, 7, Effect::Ignored, 0},  // IPV6_CHECKSUM
    {Level::Internet6, 8, Effect::Ignored, 0},  // IPV6_2292HOPLIMIT
    {Level::Internet6, 16, Effect::Set, network::Option::TimeToLive},
    {Level::Internet6, 25, Effect::Ignored, 0},  // IPV6_RECVERR
    {Level::Internet6, 26, Effect::Set, network::Option::OnlyFamily6},
    {Level::Internet6, 49, Effect::Ignored, 0},  // IPV6_RECVPKTINFO
    {Level::Internet6, 51, Effect::Ignored, 0},  // IPV6_RECVHOPLIMIT
    {Level::Internet6, 67, Effect::Ignored, 0},  // IPV6_TCLASS
    {Level::Icmp6, 1, Effect::Ignored, 0},       // ICMPV6_FILTER
    {Level::Raw, 1, Effect::Ignored, 0},         // ICMP_FILTER
};

const OptionRow* find_option(u32 level, u32 name) {
  for (const OptionRow& row : kOptions)
    if (row.level == level && row.name == name) return &row;
  return nullptr;
}

}  // namespace

Error network_error(Error error) {
  switch (error) {
    case Error::Occupied:
      return LinuxError::AddressInUse;
    case Error::BadAddress:
      return LinuxError::AddressNotAvailable;
    case Error::Denied:
      return LinuxError::AccessDenied;
    case Error::NoMemory:
    case Error::NoSpace:
      return LinuxError::NoBuffers;
    case Error::NotFound:
    case Error::SessionDead:
      return LinuxError::NotConnected;
    case Error::BadState:
      return LinuxError::Invalid;
    default:
      return linux_error(errno_of(error));
  }
}

SocketAddress socket_address(const network::Address& address, u32 family) {
  SocketAddress result;
  u8 port[2] = {u8(address.port >> 8), u8(address.port)};
  if (family == SocketFamily::Packet) return link_socket_address(address);
  if (family == SocketFamily::Internet4) {
    Address4 told = {SocketFamily::Internet4, {port[0], port[1]}, {}, {}};
    memcpy(told.bytes, address.bytes, sizeof told.bytes);
    memcpy(result.bytes, &told, sizeof told);
    result.length = sizeof told;
    return result;
  }
  Address6 told = {SocketFamily::Internet6, {port[0], port[1]}, 0, {}, address.scope};
  if (address.family == 4) {
    told.bytes[10] = told.bytes[11] = 0xff;
    memcpy(told.bytes + 12, address.bytes, 4);
  } else {
    memcpy(told.bytes, address.bytes, sizeof told.bytes);
  }
  memcpy(result.bytes, &told, sizeof told);
  result.length = sizeof told;
  return result;
}

Result<network::Address> InternetSocket::address_from(const SocketAddress& address) const {
  if (address.length < sizeof(u16)) return LinuxError::Invalid;
  if (address.family() != family) return LinuxError::NoFamily;
  network::Address result = {};
  if (family == SocketFamily::Packet) return link_address_from(address);
  if (family == SocketFamily::Internet4) {
    Address4 given;
    if (address.length < sizeof given) return LinuxError::Invalid;
    memcpy(&given, address.bytes, sizeof given);
    result.family = 4;
    result.port = u32(given.port[0]) << 8 | given.port[1];
    memcpy(result.bytes, given.bytes, sizeof given.bytes);
    return result;
  }
  Address6 given = {};
  constexpr u32 kWithoutScope = 24;
  if (address.length < kWithoutScope) return LinuxError::Invalid;
  memcpy(&given, address.bytes, address.length < sizeof given ? address.length : sizeof given);
  result.port = u32(given.port[0]) << 8 | given.port[1];
  constexpr u8 kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (memcmp(given.bytes, kMapped, sizeof kMapped) == 0) {
    result.family = 4;
    memcpy(result.bytes, given.bytes + 12, 4);
    return result;
  }
  result.family = 6;
  result.scope = given.scope;
  memcpy(result.bytes, given.bytes, sizeof given.bytes);
  return result;
}

Result<void> InternetSocket::set_option(u32 level, u32 name, const OptionValue& value) {
  const OptionRow* row = find_option(level, name);
  if (!row) return LinuxError::NoProtocolOption;
  if (row->effect == Effect::Ignored) return {};
  u64 number = TRY(value.number());
  Result<void> done;
  {
    Unlocked unlocked;
    done = stack_.set_option(number_, row->option, number);
  }
  return done ? Result<void>()
              : Result<void>(done.error() == Error::NotSupported ? LinuxError::NoProtocolOption : network_error(done.error()));
}

Result<OptionValue> InternetSocket::option(u32 level, u32 name) {
  constexpr u32 kSegmentSize = 2, kCongestion = 13;
  OptionValue value;
  if (level == Level::Tcp && name == kSegmentSize) {
    value.set_number(1460);
    return value;
  }
  if (level == Level::Tcp && name == kCongestion) {
    value.set("reno", sizeof "reno");
    return value;
  }
  const OptionRow* row = find_option(level, name);
  if (!row) return LinuxError::NoProtocolOption;
  u64 number = 0;
  if (row->effect == Effect::Set) {
    Unlocked unlocked;
    number = stack_.option(number_, row->option).value_or(0);
  }
  value.set_number(u32(number));
  return value;
}

}  // namespace pith::personality
