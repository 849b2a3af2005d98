// What the network stack keeps in its vault beside lwIP's own variables: sockets, how far the rings with driver and clients have come,
// memory.
#pragma once
#include <cstddef>

#include "base/types.h"
#include "lwip/netif.h"
#include "protocols/socket_memory.h"
#include "servers/network/memory.h"

namespace pith::network {

inline constexpr u32 kClients = 4;
/// Connections that no client has accepted yet have no number.
inline constexpr u32 kMostPending = 256;
inline constexpr u32 kRecords = kClients * kSockets + kMostPending;
inline constexpr u32 kNoNumber = ~0u;

enum class Kind : u8 { None, Stream, Datagram, Raw, Frame };
enum class Phase : u8 {
  Open,  ///< perhaps bound; of datagrams and raw packets: always
  Connecting,
  Connected,
  Listening,
  Pending,   ///< a connection that waits in its listener's queue
  Closing,   ///< its client has closed it, and its ring is not empty yet
  Finished,  ///< nothing will come or go any more: done on both sides, reset, refused, or its client wrote nonsense
};

/// A socket. lwIP's protocol control block refers to it, and it to that.
struct Socket {
  Kind kind;
  Phase phase;
  u8 family;    ///< 4 or 6
  u8 protocol;  ///< of raw packets
  bool is_bound;
  bool only_family6;
  bool is_receive_shut;
  bool is_send_shut;  ///< when all in the ring has been sent the connection is closed in this direction
  bool is_end_sent;
  bool lingers;
  u32 client;
  u32 number;  ///< or kNoNumber
  u32 backlog, waiting;
  void* pcb;         ///< tcp_pcb, tcp_pcb_listen, udp_pcb or raw_pcb; null when lwIP has none any more, and of frames
  Socket* listener;  ///< of one that is Pending
  Socket* next;      ///< in that queue, or of those that are free
  Socket* first;     ///< of one that is Listening: its queue
  Socket* last;
  pbuf* held;  ///< of one that is Pending: what has come already
  Address own, partner;
  // What clients see, once it is published.
  u64 events, error;
  u64 received_filled, received_taken, sent_taken;
  u64 generation;
};

struct Client {
  u64 session;   ///< its badge; 0: none
  u64 instance;  ///< of its component
  Socket* sockets[kSockets];
};

struct Counts {
  u64 received_packets, received_bytes, sent_packets, sent_bytes;
  u64 dropped;    ///< for want of memory or room
  u64 filtered;   ///< not let in by the rules
  u64 poisonous;  ///< the stack has died of them
};

struct State {
  static constexpr u64 kLayout = 2;

  u64 frames_taken, frames_filled;  ///< of the ring shared with the driver: Queue::taken of received, Queue::filled of sent
  u64 has_begun;                    ///< 1: lwIP has its variables
  u64 has_card;                     ///< 1: the driver has told its address
  u64 has_link;
  u64 frame_sockets;  ///< those of Kind::Frame
  u64 held_buffers;  ///< lwIP's, that connections which nobody has accepted hold
  u64 generations;
  u64 random_counter;
  u64 key[2];
  Counts counts;
  Client clients[kClients];
  Socket* free_sockets;
  Socket sockets[kRecords];
  /// lwIP's struct netif, as bytes: it has addresses of functions. With such an address in its vault this program is never exchanged for
  /// another.
  alignas(16) std::byte card_bytes[sizeof(netif)];
  /// The event that is being tried, and how often it has been begun: written without a log, so that it outlives what is taken back.
  u64 tried_event, tries;
  Memory memory;

  netif& card() { return *reinterpret_cast<netif*>(card_bytes); }

  /// In an event: all but what lwIP has, which is Stack::begin()'s.
  void begin();
  bool check() const;
};

}  // namespace pith::network
