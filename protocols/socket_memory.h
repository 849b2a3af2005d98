// What a client of the network stack shares with it: for each socket what it is ready for, and its bytes in two rings.
#pragma once
#include "base/types.h"

namespace pith::network {

inline constexpr u32 kSockets = 128;
inline constexpr u64 kRingBytes = 64 * 1024;

inline constexpr u32 kLinkFamily = 17;
/// Of sockets of frames: those of all types.
inline constexpr u32 kEveryType = 3;
/// Of raw sockets: one that sends and receives nothing, for questions about interfaces only.
inline constexpr u32 kNoProtocol = 255;

/// An address of a socket. Ports in the machine's byte order, addresses as they are sent; of family 4 the first four bytes count.
struct Address {
  u32 family;  ///< 4 or 6; 0: none; kLinkFamily: `bytes` are a card's address, `port` a frame's type, `scope` the interface
  u32 port;
  u8 bytes[16];
  u32 scope;   ///< number of an interface + 1, of link-local addresses
  u32 reserved;
};
static_assert(sizeof(Address) == 32);

/// What a socket is ready for. The stack stores it, and rings when it has changed.
struct Event {
  static constexpr u64 Connected = 1, ConnectFailed = 2, CanAccept = 4;
  static constexpr u64 PartnerDone = 8;   ///< there will be no more bytes than those in the ring
  static constexpr u64 Reset = 16;        ///< the connection is gone; `error` says why
};

/// Why: as Linux numbers errors (111: refused, 110: timed out, 104: reset, 113: no route, 101: no network).
struct SocketState {
  u64 events;
  u64 error;
  /// Rings. Each index counts bytes since the socket was opened and is stored with release order by its one writer. Streams: bytes. Others: records,
  /// each a Datagram, then its bytes, padded to a multiple of 8; a record may go around the ring's end.
  u64 received_filled;  ///< stored by the stack
  u64 received_taken;   ///< stored by the client
  u64 sent_filled;      ///< stored by the client
  u64 sent_taken;       ///< stored by the stack: of streams what the partner has acknowledged or what lies in the stack's own buffers
  u64 generation;       ///< stored by the stack at open: another socket with the same number has another one
  u64 reserved;
};

struct Datagram {
  u32 length;
  u32 reserved;
  Address address;  ///< of the sender, or where to: family 0: the partner
};

/// At the beginning of the [[memory]] that the client owns and shares with the stack.
struct SocketMemory {
  SocketState sockets[kSockets];
};

inline constexpr u64 kRingsOffset = (sizeof(SocketMemory) + kPageSize - 1) / kPageSize * kPageSize;
constexpr u64 received_ring(u32 socket) { return kRingsOffset + u64{2} * socket * kRingBytes; }
constexpr u64 sent_ring(u32 socket) { return received_ring(socket) + kRingBytes; }
inline constexpr u64 kMemoryBytes = kRingsOffset + u64{2} * kSockets * kRingBytes;

struct Option {
  static constexpr u64 ReuseAddress = 1, KeepAlive = 2, NoDelay = 3, Broadcast = 4, TimeToLive = 5, OnlyFamily6 = 6, Linger = 7, KeepIdle = 8,
                       KeepInterval = 9, KeepCount = 10, HeaderIncluded = 11;
};

/// An interface as it is now.
struct Interface {
  char name[16];
  u8 hardware[8];
  u32 mtu;
  u32 flags;  ///< 1 up, 2 has a link, 4 loopback, 8 its addresses come from DHCP
  u8 address[4], mask[4], gateway[4];
  u8 name_servers[2][4];
  u8 addresses6[3][16];
  u32 address6_count;
  u64 received_packets, received_bytes, sent_packets, sent_bytes, dropped;
};

struct InterfaceChange {
  static constexpr u64 Flags = 1, Address = 2, Gateway = 4, NameServers = 8;
};

}  // namespace pith::network
