// What all kinds of sockets have in common: numbers, rings, ports, options, and turns.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lwip/pbuf.h"
#include "lwip/raw.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "servers/network/address.h"
#include "servers/network/lwip_error.h"
#include "servers/network/stack.h"

namespace pith::network {

Result<Socket*> Stack::find(u32 client, u64 number) {
  if (number >= kSockets) return Error::NotFound;
  Socket* socket = state_.clients[client].sockets[number];
  if (socket == nullptr || socket->phase == Phase::Closing) return Error::NotFound;
  return socket;
}

/// A record, without a number.
Result<Socket*> Stack::find_free(u32 client) {
  Socket* socket = state_.free_sockets;
  if (socket == nullptr) return Error::NoMemory;
  state_.free_sockets = socket->next;
  *socket = {};
  socket->client = client;
  socket->number = kNoNumber;
  return socket;
}

Result<void> Stack::give_number(Socket& socket) {
  Client& client = state_.clients[socket.client];
  auto place = std::find(std::begin(client.sockets), std::end(client.sockets), nullptr);
  if (place == std::end(client.sockets)) return Error::NoSpace;
  *place = &socket;
  socket.number = u32(place - client.sockets);
  socket.generation = ++state_.generations;
  change(socket);
  return {};
}

SocketState* Stack::shared_state(const Socket& socket) {
  return &reinterpret_cast<SocketMemory*>(memory_[socket.client].data())->sockets[socket.number];
}

std::span<std::byte> Stack::received_ring_of(const Socket& socket) {
  return memory_[socket.client].subspan(received_ring(socket.number), kRingBytes);
}

std::span<const std::byte> Stack::sent_ring_of(const Socket& socket) {
  return memory_[socket.client].subspan(sent_ring(socket.number), kRingBytes);
}

void Stack::change(const Socket& socket) {
  if (socket.number != kNoNumber) changed_[socket.client][socket.number / 64] |= u64{1} << socket.number % 64;
}

void Stack::attend(const Socket& socket) {
  if (socket.number != kNoNumber) attention_[socket.client][socket.number / 64] |= u64{1} << socket.number % 64;
}

void Stack::add_event(Socket& socket, u64 event) {
  if ((socket.events & event) == event) return;
  socket.events |= event;
  change(socket);
}

/// Its control block is gone already.
void Stack::forget(Socket& socket) {
  if (pbuf* held = take_held(socket)) pbuf_free(held);
  if (socket.number != kNoNumber) state_.clients[socket.client].sockets[socket.number] = nullptr;
  if (socket.kind == Kind::Frame) state_.frame_sockets--;
  socket = {};
  socket.next = state_.free_sockets;
  state_.free_sockets = &socket;
}

/// The client finds out by its events.
void Stack::fail(Socket& socket, u64 error) {
  drop_pcb(socket);
  socket.phase = Phase::Finished;
  socket.error = error;
  add_event(socket, Event::Reset | Event::PartnerDone);
  change(socket);
}

/// Takes lwIP's control block away at once. A connection is reset.
void Stack::drop_pcb(Socket& socket) {
  void* pcb = std::exchange(socket.pcb, nullptr);
  if (pcb == nullptr) return;
  switch (socket.kind) {
    case Kind::Stream: {
      if (socket.phase == Phase::Listening) {
        while (Socket* one = socket.first) {
          leave_queue(*one);
          drop_pcb(*one);
          forget(*one);
        }
        tcp_close(static_cast<tcp_pcb*>(pcb));
        return;
      }
      tcp_pcb* connection = static_cast<tcp_pcb*>(pcb);
      tcp_arg(connection, nullptr);
      tcp_err(connection, nullptr);
      tcp_abort(connection);
      return;
    }
    case Kind::Datagram:
      return udp_remove(static_cast<udp_pcb*>(pcb));
    default:
      return raw_remove(static_cast<raw_pcb*>(pcb));
  }
}

void Stack::drop_client(u32 client) {
  for (Socket* socket : state_.clients[client].sockets) {
    if (socket == nullptr) continue;
    drop_pcb(*socket);
    forget(*socket);
  }
}

Result<u32> Stack::client_of(u64 session, u64 instance) {
  u32 place = kClients;
  for (u32 i = kClients; i > 0; i--) {
    const Client& client = state_.clients[i - 1];
    if (client.session == session) {
      place = i - 1;
      break;
    }
    if (client.session == 0) place = i - 1;
  }
  if (place == kClients) return Error::NoSpace;
  Client& client = state_.clients[place];
  if (client.session == 0) client.session = session;
  if (client.instance != instance) {
    drop_client(place);
    client.instance = instance;
  }
  if (memory_[place].empty()) memory_[place] = outside_.memory_of(session);
  return place;
}

Result<u32> Stack::open(u32 client, u64 kind, u64 family, u64 protocol) {
  bool is_frame = Kind(kind) == Kind::Frame;
  if (kind < 1 || kind > 4 || (family != 4 && family != 6) || protocol > (is_frame ? 0xffff : 0xff)) return Error::BadArgument;
  if (memory_[client].size() < kMemoryBytes) return Error::NoMemory;
  // With others a client could speak for the sockets of everybody.
  bool is_echo = family == 4 ? protocol == IP_PROTO_ICMP : protocol == IP6_NEXTH_ICMP6;
  if (Kind(kind) == Kind::Raw && !is_echo && protocol != kNoProtocol) return Error::Denied;
  Socket& socket = *TRY(find_free(client));
  socket.kind = Kind(kind);
  socket.phase = Phase::Open;
  socket.family = u8(family);
  socket.protocol = u8(protocol);
  TRY(give_number(socket));
  if (is_frame) {
    state_.frame_sockets++;
    socket.own = {kLinkFamily, u32(protocol), {}, 0, 0};
    return socket.number;
  }
  TRY(open_pcb(socket));
  return socket.number;
}

/// What another environment has, or another socket.
Result<void> Stack::check_port(const Socket& socket, u32 port) {
  if (port == 0 || socket.kind == Kind::Raw) return {};
  if (!outside_.may_have_port(state_.clients[socket.client].session, port)) return Error::Denied;
  for (const Socket& other : state_.sockets) {
    if (other.kind == socket.kind && other.is_bound && other.own.port == port && other.client != socket.client) return Error::Denied;
  }
  return {};
}

Result<void> Stack::bind(u32 client, u64 number, const Address& address) {
  Socket& socket = *TRY(find(client, number));
  if (socket.phase != Phase::Open || (socket.is_bound && socket.kind == Kind::Stream)) return Error::BadState;
  if (socket.kind == Kind::Frame) return bind_frames(socket, address);
  ip_addr_t own = TRY(to_lwip(address));
  if (IP_IS_V6_VAL(own) && socket.family == 4) return Error::BadArgument;
  if (IP_IS_V4_VAL(own) && socket.family == 6 && socket.only_family6) return Error::BadArgument;
  if (!is_own_address(own) && !ip_addr_ismulticast(&own)) return Error::BadAddress;
  TRY(check_port(socket, address.port));
  const ip_addr_t* where = &own;
  if (socket.family == 6 && !socket.only_family6 && ip_addr_isany_val(own)) where = IP_ANY_TYPE;
  switch (socket.kind) {
    case Kind::Stream: {
      auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
      TRY(result_of(tcp_bind(pcb, where, u16(address.port))));
      socket.own = from_lwip(own, pcb->local_port, socket.family);
      break;
    }
    case Kind::Datagram: {
      auto* pcb = static_cast<udp_pcb*>(socket.pcb);
      TRY(result_of(udp_bind(pcb, where, u16(address.port))));
      socket.own = from_lwip(own, pcb->local_port, socket.family);
      break;
    }
    default:
      TRY(result_of(raw_bind(static_cast<raw_pcb*>(socket.pcb), where)));
      socket.own = from_lwip(own, 0, socket.family);
      break;
  }
  socket.is_bound = true;
  return {};
}

Result<Address> Stack::own_address(u32 client, u64 number) {
  const Socket& socket = *TRY(find(client, number));
  Address own = socket.own;
  if (socket.kind != Kind::Frame) own.family = socket.family;
  return own;
}

Result<Address> Stack::partner(u32 client, u64 number) {
  const Socket& socket = *TRY(find(client, number));
  if (socket.partner.family == 0) return Error::BadState;
  return socket.partner;
}

Result<void> Stack::close(u32 client, u64 number, u64 abort) {
  Socket& socket = *TRY(find(client, number));
  if (socket.kind == Kind::Stream && abort != 1) {
    close_stream(socket);
    return {};
  }
  drop_pcb(socket);
  forget(socket);
  return {};
}

/// One socket's bytes; the next call is another one's turn.
void Stack::attend_one() {
  for (u32 client = 0; client < kClients; client++) {
    for (u32 word = 0; word < kSockets / 64; word++) {
      u64& bits = attention_[client][word];
      while (bits != 0) {
        u32 number = word * 64 + u32(__builtin_ctzll(bits));
        bits &= bits - 1;
        Socket* socket = state_.clients[client].sockets[number];
        if (socket == nullptr || memory_[client].empty() || socket->phase == Phase::Listening) continue;
        if (socket->kind == Kind::Frame ? socket->phase != Phase::Open : socket->pcb == nullptr) continue;
        if (is_tried_too_often(socket->generation << 2 | 3)) {
          state_.counts.poisonous++;
          bool is_closing = socket->phase == Phase::Closing;
          fail(*socket, kConnectionReset);
          if (is_closing) forget(*socket);
        } else if (socket->kind == Kind::Stream) {
          attend_stream(*socket);
        } else {
          attend_datagrams(*socket);
        }
        return;
      }
    }
  }
}

}  // namespace pith::network
