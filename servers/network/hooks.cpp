// What lwIP asks of us about single packets: whether they may come in, what they make it forget, and numbers that nobody can guess.
#include <cstring>

#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"
#include "lwip/pbuf.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"
#include "servers/network/random.h"
#include "servers/network/stack.h"
#include "servers/network/time_wait.h"

using namespace pith;
using namespace pith::network;

namespace {

constexpr u32 kFirstChosenPort = 49152;
constexpr u32 kDhcpClientPort = 68, kDhcp6ClientPort = 546;
constexpr u32 kMostExtensions = 8;

using Bytes = std::span<const u8>;

/// What `transport`, which a packet carries for `protocol`, begins; true: nothing that rules are for.
bool may_come_in(u32 protocol, Bytes transport, Bytes from) {
  Filter::Packet packet = {Filter::Direction::In, Filter::Protocol::Any, 0, from};
  u32 port = transport.size() >= 4 ? u32{transport[2]} << 8 | transport[3] : 0;
  bool is_short = false;
  switch (protocol) {
    case IP_PROTO_TCP:
      is_short = transport.size() < TCP_HLEN;
      if (!is_short && (transport[13] & (TCP_SYN | TCP_ACK)) != TCP_SYN) return true;
      packet.protocol = Filter::Protocol::Tcp;
      break;
    case IP_PROTO_UDP:
      is_short = transport.size() < UDP_HLEN;
      if (!is_short && (port >= kFirstChosenPort || port == kDhcpClientPort || port == kDhcp6ClientPort)) return true;
      packet.protocol = Filter::Protocol::Udp;
      break;
    case IP_PROTO_ICMP:
    case IP6_NEXTH_ICMP6:
      is_short = transport.empty();
      if (!is_short && transport[0] != (protocol == IP_PROTO_ICMP ? ICMP_ECHO : ICMP6_TYPE_EREQ)) return true;
      packet.protocol = Filter::Protocol::Icmp;
      break;
    default:
      break;
  }
  packet.port = port;
  // Whose beginning cannot be read has to be for everybody.
  return !is_short && Stack::current().filter().allows(packet);
}

int keep_out(pbuf* packet) {
  Stack::current().count_filtered();
  pbuf_free(packet);
  return 1;
}

bool needs_no_look(const netif* from) { return Stack::current().filter().is_empty() || from != &Stack::current().state().card(); }

ip_addr_t address4_at(Bytes packet, usize place) {
  ip_addr_t address = {};
  IP_SET_TYPE_VAL(address, IPADDR_TYPE_V4);
  memcpy(ip_2_ip4(&address), &packet[place], 4);
  return address;
}

ip_addr_t address6_at(Bytes packet, usize place, const netif& from) {
  ip_addr_t address = {};
  IP_SET_TYPE_VAL(address, IPADDR_TYPE_V6);
  memcpy(ip_2_ip6(&address)->addr, &packet[place], 16);
  if (ip6_addr_lacks_zone(ip_2_ip6(&address), IP6_UNICAST)) ip6_addr_assign_zone(ip_2_ip6(&address), IP6_UNICAST, &from);
  return address;
}

bool may_come_in6(Bytes packet) {
  if (packet.size() < IP6_HLEN) return true;  // lwIP refuses it
  Bytes from = packet.subspan(8, 16), rest = packet.subspan(IP6_HLEN);
  u32 next = packet[6];
  for (u32 i = 0; i < kMostExtensions; i++) {
    bool is_extension = next == IP6_NEXTH_HOPBYHOP || next == IP6_NEXTH_ROUTING || next == IP6_NEXTH_DESTOPTS || next == IP6_NEXTH_FRAGMENT;
    if (!is_extension) return may_come_in(next, rest, from);
    if (rest.size() < 8) return false;
    bool is_later_fragment = next == IP6_NEXTH_FRAGMENT && (rest[2] != 0 || (rest[3] & 0xf8) != 0);
    if (is_later_fragment) return true;  // without the first it comes to nothing
    usize length = next == IP6_NEXTH_FRAGMENT ? 8 : (usize{rest[1]} + 1) * 8;
    next = rest[0];
    if (length > rest.size()) return false;
    rest = rest.subspan(length);
  }
  return false;
}

}  // namespace

extern "C" int network_filter4(pbuf* packet, netif* from) {
  Bytes bytes(static_cast<const u8*>(packet->payload), packet->len);
  usize header = bytes.empty() ? 0 : (bytes[0] & 0xf) * usize{4};
  if (header < IP_HLEN || header > bytes.size()) return 0;  // lwIP refuses it
  bool is_later_fragment = (bytes[6] & 0x1f) != 0 || bytes[7] != 0;
  if (is_later_fragment) return 0;
  Bytes transport = bytes.subspan(header);
  if (!needs_no_look(from) && !may_come_in(bytes[9], transport, bytes.subspan(12, 4))) return keep_out(packet);
  if (bytes[9] == IP_PROTO_TCP) let_begin_again(address4_at(bytes, 12), address4_at(bytes, 16), transport);
  return 0;
}

extern "C" int network_filter6(pbuf* packet, netif* from) {
  Bytes bytes(static_cast<const u8*>(packet->payload), packet->len);
  if (!needs_no_look(from) && !may_come_in6(bytes)) return keep_out(packet);
  bool is_plain_tcp = bytes.size() > IP6_HLEN && bytes[6] == IP6_NEXTH_TCP;
  if (is_plain_tcp) let_begin_again(address6_at(bytes, 8, *from), address6_at(bytes, 24, *from), bytes.subspan(IP6_HLEN));
  return 0;
}

extern "C" u32 network_random() {
  State& state = Stack::current().state();
  u64 word = state.random_counter++;
  return u32(keyed_hash(state.key, {&word, 1}));
}

extern "C" u32 network_initial_sequence_number(const ip_addr* local, u16 local_port, const ip_addr* remote, u16 remote_port) {
  u64 words[5] = {u64{local_port} << 32 | u64{remote_port} << 16 | IP_GET_TYPE(local)};
  memcpy(words + 1, IP_IS_V4(local) ? static_cast<const void*>(ip_2_ip4(local)) : ip_2_ip6(local)->addr, IP_IS_V4(local) ? 4 : 16);
  memcpy(words + 3, IP_IS_V4(remote) ? static_cast<const void*>(ip_2_ip4(remote)) : ip_2_ip6(remote)->addr, IP_IS_V4(remote) ? 4 : 16);
  return u32(keyed_hash(Stack::current().state().key, words)) + u32(Stack::current().time() / 4096);
}
