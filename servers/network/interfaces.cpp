// Options of sockets, and interfaces: what they are set to, and how clients change that.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/netif.h"
#include "lwip/raw.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "servers/network/stack.h"

namespace pith::network {

namespace {

constexpr u32 kUp = 1, kHasLink = 2, kIsLoopback = 4, kHasDhcp = 8;
constexpr u64 kMostSeconds = 1 << 20;

/// The fields that control blocks of all kinds begin with.
ip_pcb& common(Socket& socket) { return *static_cast<ip_pcb*>(socket.pcb); }

netif* interface_number(u64 number) {
  netif* one;
  NETIF_FOREACH(one) {
    if (u64(one->num) == number) return one;
  }
  return nullptr;
}

bool is_loopback(const netif& one) { return one.name[0] == 'l' && one.name[1] == 'o'; }

ip4_addr_t address_of(const u8 (&bytes)[4]) {
  ip4_addr_t address;
  memcpy(&address.addr, bytes, sizeof bytes);
  return address;
}

bool has_dhcp(netif& one) {
  const dhcp* client = netif_dhcp_data(&one);
  return client != nullptr && client->state != 0;
}

}  // namespace

Result<void> Stack::set_option(u32 client, u64 number, u64 option, u64 value) {
  Socket& socket = *TRY(find(client, number));
  auto* connection = socket.kind == Kind::Stream && socket.phase != Phase::Listening ? static_cast<tcp_pcb*>(socket.pcb) : nullptr;
  if (option == Option::OnlyFamily6) {
    if (socket.family != 6 || socket.is_bound) return Error::BadArgument;
    socket.only_family6 = value != 0;
    if (socket.kind != Kind::Raw && socket.pcb != nullptr) {
      u8 type = value != 0 ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
      IP_SET_TYPE_VAL(common(socket).local_ip, type);
      IP_SET_TYPE_VAL(common(socket).remote_ip, type);
    }
    return {};
  }
  if (option == Option::Linger) {
    socket.lingers = value != 0;
    return {};
  }
  if (socket.pcb == nullptr) return {};  // a connection that is gone has nothing to set
  ip_pcb& pcb = common(socket);
  auto set_bit = [&](u8 bit) {
    if (value != 0) ip_set_option(&pcb, bit);
    if (value == 0) ip_reset_option(&pcb, bit);
  };
  switch (option) {
    case Option::ReuseAddress:
      set_bit(SOF_REUSEADDR);
      return {};
    case Option::KeepAlive:
      set_bit(SOF_KEEPALIVE);
      return {};
    case Option::Broadcast:
      set_bit(SOF_BROADCAST);
      return {};
    case Option::TimeToLive:
      if (value < 1 || value > 255) return Error::BadArgument;
      pcb.ttl = u8(value);
      return {};
    case Option::HeaderIncluded:
      if (socket.kind != Kind::Raw || socket.family != 4) return Error::BadArgument;
      return Error::NotSupported;  // a client would write whose packet it is
    default:
      break;
  }
  if (option < Option::NoDelay || option > Option::KeepCount || option == Option::Broadcast) return Error::NotSupported;
  if (socket.kind != Kind::Stream) return Error::BadArgument;
  if (connection == nullptr) return {};
  if (option == Option::NoDelay) {
    if (value != 0) tcp_nagle_disable(connection);
    if (value == 0) tcp_nagle_enable(connection);
    return {};
  }
  if (value < 1 || value > kMostSeconds) return Error::BadArgument;
  if (option == Option::KeepIdle) connection->keep_idle = u32(std::min<u64>(value * 1000, 0xffffffff));
  if (option == Option::KeepInterval) connection->keep_intvl = u32(std::min<u64>(value * 1000, 0xffffffff));
  if (option == Option::KeepCount) connection->keep_cnt = u32(value);
  return {};
}

Result<u64> Stack::option(u32 client, u64 number, u64 option) {
  Socket& socket = *TRY(find(client, number));
  auto* connection = socket.kind == Kind::Stream && socket.phase != Phase::Listening ? static_cast<tcp_pcb*>(socket.pcb) : nullptr;
  if (option == Option::OnlyFamily6) return u64{socket.only_family6};
  if (option == Option::Linger) return u64{socket.lingers};
  if (option == 0 || option > Option::HeaderIncluded) return Error::NotSupported;
  if (socket.pcb == nullptr) return u64{0};
  const ip_pcb& pcb = common(socket);
  switch (option) {
    case Option::ReuseAddress:
      return u64{ip_get_option(&pcb, SOF_REUSEADDR) != 0};
    case Option::KeepAlive:
      return u64{ip_get_option(&pcb, SOF_KEEPALIVE) != 0};
    case Option::Broadcast:
      return u64{ip_get_option(&pcb, SOF_BROADCAST) != 0};
    case Option::TimeToLive:
      return u64{pcb.ttl};
    case Option::NoDelay:
      return u64{connection != nullptr && tcp_nagle_disabled(connection)};
    case Option::KeepIdle:
      return u64{connection != nullptr ? connection->keep_idle / 1000 : 0};
    case Option::KeepInterval:
      return u64{connection != nullptr ? connection->keep_intvl / 1000 : 0};
    case Option::KeepCount:
      return u64{connection != nullptr ? connection->keep_cnt : 0};
    default:
      return Error::NotSupported;
  }
}

Result<Interface> Stack::interface_state(u64 number) {
  netif* found = interface_number(number);
  if (found == nullptr) return Error::NotFound;
  netif& one = *found;
  Interface state = {};
  bool is_lo = is_loopback(one);
  memcpy(state.name, is_lo ? "lo" : "eth0", is_lo ? 2 : 4);
  memcpy(state.hardware, one.hwaddr, one.hwaddr_len);
  state.mtu = is_lo ? 65536 : one.mtu;
  state.flags =
      (netif_is_up(&one) ? kUp : 0) | (netif_is_link_up(&one) ? kHasLink : 0) | (is_lo ? kIsLoopback : 0) | (has_dhcp(one) ? kHasDhcp : 0);
  memcpy(state.address, &netif_ip4_addr(&one)->addr, 4);
  memcpy(state.mask, &netif_ip4_netmask(&one)->addr, 4);
  memcpy(state.gateway, &netif_ip4_gw(&one)->addr, 4);
  for (u8 i = 0; i < 2; i++) {
    const ip_addr_t* server = dns_getserver(i);
    if (IP_IS_V4(server)) memcpy(state.name_servers[i], &ip_2_ip4(server)->addr, 4);
  }
  for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
    if (!ip6_addr_isvalid(netif_ip6_addr_state(&one, i))) continue;
    memcpy(state.addresses6[state.address6_count++], netif_ip6_addr(&one, i)->addr, 16);
  }
  if (is_lo) return state;
  state.received_packets = state_.counts.received_packets;
  state.received_bytes = state_.counts.received_bytes;
  state.sent_packets = state_.counts.sent_packets;
  state.sent_bytes = state_.counts.sent_bytes;
  state.dropped = state_.counts.dropped + state_.counts.filtered;
  return state;
}

Result<void> Stack::configure(u64 number, u64 changes, const Interface& state) {
  netif* one = interface_number(number);
  if (one == nullptr) return Error::NotFound;
  if (is_loopback(*one)) return Error::Denied;
  constexpr u64 kAll = InterfaceChange::Flags | InterfaceChange::Address | InterfaceChange::Gateway | InterfaceChange::NameServers;
  if ((changes & ~kAll) != 0) return Error::BadArgument;
  if ((changes & InterfaceChange::Flags) != 0) {
    if ((state.flags & kHasDhcp) == 0) dhcp_release_and_stop(one);
    if ((state.flags & kUp) != 0) {
      netif_set_up(one);
    } else {
      netif_set_down(one);
    }
    if ((state.flags & (kHasDhcp | kUp)) == (kHasDhcp | kUp) && dhcp_start(one) != ERR_OK) return Error::Denied;
  }
  if ((changes & InterfaceChange::Address) != 0) {
    ip4_addr_t address = address_of(state.address), mask = address_of(state.mask);
    if (!ip4_addr_netmask_valid(mask.addr)) return Error::BadArgument;
    dhcp_stop(one);
    netif_set_addr(one, &address, &mask, netif_ip4_gw(one));
  }
  if ((changes & InterfaceChange::Gateway) != 0) {
    ip4_addr_t gateway = address_of(state.gateway);
    netif_set_gw(one, &gateway);
  }
  if ((changes & InterfaceChange::NameServers) != 0) {
    for (u8 i = 0; i < 2; i++) {
      ip_addr_t server = {};
      ip4_addr_t bytes = address_of(state.name_servers[i]);
      ip_addr_copy_from_ip4(server, bytes);
      dns_setserver(i, &server);
    }
  }
  return {};
}

}  // namespace pith::network
