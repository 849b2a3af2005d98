// UDP and raw ICMP packets: records in the clients' rings, one packet each.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/ip6.h"
#include "lwip/raw.h"
#include "lwip/udp.h"
#include "servers/network/address.h"
#include "servers/network/lwip_error.h"
#include "servers/network/stack.h"
#include "servers/network/unlogged.h"

namespace pith::network {

namespace {

constexpr u32 kMostBytes = 65507;  // of a datagram: what IPv4 and UDP leave
constexpr u64 padded(u64 bytes) { return (bytes + 7) & ~u64{7}; }

void on_datagram(void* argument, udp_pcb*, pbuf* data, const ip_addr_t* from, u16_t port) {
  if (argument != nullptr) Stack::current().datagram(*static_cast<Socket*>(argument), *data, *from, port);
  pbuf_free(data);
}

/// The packet is looked at, and others look at it as well.
u8_t on_packet(void* argument, raw_pcb*, pbuf* packet, const ip_addr_t* from) {
  if (argument != nullptr) Stack::current().datagram(*static_cast<Socket*>(argument), *packet, *from, 0);
  return 0;
}

/// Copies from byte number `position` of a ring on.
void copy_from(std::span<const std::byte> ring, u64 position, void* to, usize size) {
  u64 place = position % ring.size();
  usize first = std::min<usize>(size, ring.size() - place);
  memcpy(to, ring.data() + place, first);
  memcpy(static_cast<std::byte*>(to) + first, ring.data(), size - first);
}

void copy_to(std::span<std::byte> ring, u64 position, const void* from, usize size) {
  u64 place = position % ring.size();
  usize first = std::min<usize>(size, ring.size() - place);
  memcpy(ring.data() + place, from, first);
  memcpy(ring.data(), static_cast<const std::byte*>(from) + first, size - first);
}

}  // namespace

Result<void> Stack::open_datagrams(Socket& socket, u8 type) {
  if (socket.kind == Kind::Datagram) {
    udp_pcb* pcb = udp_new_ip_type(type);
    if (pcb == nullptr) return Error::NoMemory;
    udp_recv(pcb, on_datagram, &socket);
    socket.pcb = pcb;
    return {};
  }
  raw_pcb* pcb = raw_new_ip_type(socket.family == 4 ? IPADDR_TYPE_V4 : IPADDR_TYPE_V6, socket.protocol);
  if (pcb == nullptr) return Error::NoMemory;
  if (socket.family == 6) {
    pcb->chksum_reqd = 1;
    pcb->chksum_offset = 2;
  }
  raw_recv(pcb, on_packet, &socket);
  socket.pcb = pcb;
  return {};
}

/// What has come. What there is no room for is lost.
void Stack::datagram(Socket& socket, const pbuf& data, const ip_addr_t& from, u32 port) {
  u32 offset = socket.kind == Kind::Raw && socket.family == 6 ? ip_current_header_tot_len() : 0;
  // From raw sockets IPv6 packets are read without their headers, and IPv4 packets with them.
  if (offset > data.tot_len) return;
  take_record(socket, data, offset, from_lwip(from, port, socket.family));
}

void Stack::take_record(Socket& socket, const pbuf& data, u32 offset, const Address& from) {
  if (socket.is_receive_shut || memory_[socket.client].empty()) return;
  if (!open_window(socket, *shared_state(socket))) return attend(socket);  // it is failed where it can be
  u64 room = kRingBytes - (socket.received_filled - socket.received_taken);
  if (sizeof(Datagram) + padded(data.tot_len - offset) > room) {
    state_.counts.dropped++;
    return;
  }
  put_record(socket, data, offset, from);
}

void Stack::put_record(Socket& socket, const pbuf& data, u32 offset, const Address& from) {
  std::span<std::byte> ring = received_ring_of(socket);
  Datagram head = {u32(data.tot_len) - offset, 0, from};
  copy_to(ring, socket.received_filled, &head, sizeof head);
  u64 place = (socket.received_filled + sizeof head) % kRingBytes;
  u32 first = u32(std::min<u64>(head.length, kRingBytes - place));
  if (first != 0) pbuf_copy_partial(&data, ring.data() + place, u16(first), u16(offset));
  if (first < head.length) pbuf_copy_partial(&data, ring.data(), u16(head.length - first), u16(offset + first));
  socket.received_filled += sizeof head + padded(head.length);
  change(socket);
}

/// One record of the client's.
void Stack::attend_datagrams(Socket& socket) {
  const SocketState& shared = *shared_state(socket);
  u64 waiting = __atomic_load_n(&shared.sent_filled, __ATOMIC_ACQUIRE) - socket.sent_taken;
  bool is_sound = waiting <= kRingBytes && open_window(socket, shared);
  Datagram head = {};
  if (is_sound && waiting != 0) {
    is_sound = waiting >= sizeof head;
    if (is_sound) copy_from(sent_ring_of(socket), socket.sent_taken, &head, sizeof head);
    is_sound = is_sound && head.length <= kRingBytes && sizeof head + padded(head.length) <= waiting;
  }
  if (!is_sound) return fail(socket, kConnectionReset);
  if (waiting == 0) return;
  u64 position = socket.sent_taken + sizeof head, record = sizeof head + padded(head.length);
  socket.sent_taken += record;
  change(socket);
  if (record < waiting) attend(socket);
  if (socket.is_send_shut) return;
  send_record(socket, head, position);
}

void Stack::send_record(Socket& socket, const Datagram& head, u64 position) {
  if (socket.kind == Kind::Frame) return send_frame_record(socket, head, position);
  if (socket.protocol == kNoProtocol) return refuse_record(socket, kNotPermitted);
  Result<ip_addr_t> to = head.address.family == 0 ? to_lwip(socket.partner) : to_lwip(head.address);
  u32 port = head.address.family == 0 ? socket.partner.port : head.address.port;
  if (!to || head.length > kMostBytes) return refuse_record(socket, !to ? kNoRoute : kTooLong);
  bool is_udp = socket.kind == Kind::Datagram;
  std::span<const u8> partner(reinterpret_cast<const u8*>(&*to), IP_IS_V4_VAL(*to) ? 4 : 16);
  if (!filter_.allows({Filter::Direction::Out, is_udp ? Filter::Protocol::Udp : Filter::Protocol::Icmp, port, partner})) {
    state_.counts.filtered++;
    return;
  }
  bool has_header = !is_udp && (static_cast<raw_pcb*>(socket.pcb)->flags & RAW_FLAGS_HDRINCL) != 0;
  pbuf* data = pbuf_alloc(has_header ? PBUF_LINK : is_udp ? PBUF_TRANSPORT : PBUF_IP, u16(head.length), PBUF_POOL);
  if (data == nullptr) {
    state_.counts.dropped++;
    return;
  }
  std::span<const std::byte> ring = sent_ring_of(socket);
  u64 place = position % kRingBytes;
  u32 first = u32(std::min<u64>(head.length, kRingBytes - place));
  {
    UnloggedCopies unlogged;
    if (first != 0) pbuf_take(data, ring.data() + place, u16(first));
    if (first < head.length) pbuf_take_at(data, ring.data(), u16(head.length - first), u16(first));
  }
  err_t error = ERR_OK;
  if (!is_udp) {
    error = raw_sendto(static_cast<raw_pcb*>(socket.pcb), data, &*to);
  } else {
    auto* pcb = static_cast<udp_pcb*>(socket.pcb);
    error = udp_sendto(pcb, data, &*to, u16(port));
    socket.own.port = pcb->local_port;
    socket.is_bound = true;
  }
  pbuf_free(data);
  if (error == ERR_RTE) refuse_record(socket, kNoNetwork);
  if (error == ERR_VAL) refuse_record(socket, kNoRoute);
}

void Stack::refuse_record(Socket& socket, u64 error) {
  socket.error = error;
  change(socket);
}

Result<void> Stack::connect(u32 client, u64 number, const Address& address) {
  Socket& socket = *TRY(find(client, number));
  if (socket.kind != Kind::Stream && address.family == 0) {
    socket.partner = {};
    if (socket.kind == Kind::Datagram) udp_disconnect(static_cast<udp_pcb*>(socket.pcb));
    if (socket.kind == Kind::Raw) raw_disconnect(static_cast<raw_pcb*>(socket.pcb));
    return {};
  }
  if (socket.kind == Kind::Frame) return Error::NotSupported;
  ip_addr_t to = TRY(to_lwip(address));
  if (IP_IS_V6_VAL(to) && socket.family == 4) return Error::BadArgument;
  if (IP_IS_V4_VAL(to) && socket.family == 6 && socket.only_family6) return Error::BadArgument;
  if (socket.pcb == nullptr) return Error::BadState;
  if (ip_addr_isany_val(to)) {  // as everywhere: this machine
    if (IP_IS_V4_VAL(to)) ip_addr_set_loopback(0, &to);
    if (IP_IS_V6_VAL(to)) ip_addr_set_loopback(1, &to);
  }
  std::span<const u8> partner(reinterpret_cast<const u8*>(&to), IP_IS_V4_VAL(to) ? 4 : 16);
  Filter::Protocol protocol = socket.kind == Kind::Stream     ? Filter::Protocol::Tcp
                              : socket.kind == Kind::Datagram ? Filter::Protocol::Udp
                                                              : Filter::Protocol::Icmp;
  if (!filter_.allows({Filter::Direction::Out, protocol, address.port, partner})) return Error::Denied;
  if (socket.kind == Kind::Stream) return connect_stream(socket, to, address.port);
  if (socket.kind == Kind::Raw) {
    auto* pcb = static_cast<raw_pcb*>(socket.pcb);
    TRY(result_of(raw_connect(pcb, &to)));
  } else {
    auto* pcb = static_cast<udp_pcb*>(socket.pcb);
    TRY(result_of(udp_connect(pcb, &to, u16(address.port))));
    socket.own.port = pcb->local_port;
    socket.is_bound = true;
  }
  socket.partner = from_lwip(to, address.port, socket.family);
  if (netif* by = ip_route(&to, &to); by != nullptr && socket.own.family == 0) {
    const ip_addr_t* own = ip_netif_get_local_ip(by, &to);
    if (own != nullptr) socket.own = from_lwip(*own, socket.own.port, socket.family);
  }
  return {};
}

}  // namespace pith::network
