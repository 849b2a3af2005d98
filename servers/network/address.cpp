// Converts addresses of sockets.
#include "servers/network/address.h"

#include <cstring>

#include "abi/error.h"
#include "lwip/netif.h"

namespace pith::network {

namespace {

constexpr u8 kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Result<ip_addr_t> to_lwip(const Address& address) {
  ip_addr_t result;
  memset(&result, 0, sizeof result);
  if (address.port > 0xffff) return Error::BadArgument;
  bool is_mapped = address.family == 6 && memcmp(address.bytes, kMapped, sizeof kMapped) == 0;
  if (address.family == 4 || is_mapped) {
    IP_SET_TYPE(&result, IPADDR_TYPE_V4);
    memcpy(&ip_2_ip4(&result)->addr, address.bytes + (is_mapped ? sizeof kMapped : 0), 4);
    return result;
  }
  if (address.family != 6) return Error::BadArgument;
  IP_SET_TYPE(&result, IPADDR_TYPE_V6);
  memcpy(ip_2_ip6(&result)->addr, address.bytes, 16);
  ip6_addr_clear_zone(ip_2_ip6(&result));
  if (address.scope > 0xff) return Error::BadArgument;
  if (ip6_addr_has_scope(ip_2_ip6(&result), IP6_UNKNOWN)) {
    if (address.scope != 0) {
      ip6_addr_set_zone(ip_2_ip6(&result), u8(address.scope));
    } else if (netif_default != nullptr) {
      ip6_addr_assign_zone(ip_2_ip6(&result), IP6_UNKNOWN, netif_default);
    }
  }
  return result;
}

Address from_lwip(const ip_addr_t& address, u32 port, u32 family) {
  Address result = {};
  result.port = port;
  result.family = family;
  if (IP_IS_V6_VAL(address)) {
    result.family = 6;
    memcpy(result.bytes, ip_2_ip6(&address)->addr, 16);
    result.scope = ip6_addr_zone(ip_2_ip6(&address));
  } else if (family == 6) {
    bool is_any = ip_addr_isany_val(address);
    if (!is_any) memcpy(result.bytes, kMapped, sizeof kMapped);
    memcpy(result.bytes + sizeof kMapped, &ip_2_ip4(&address)->addr, 4);
  } else {
    memcpy(result.bytes, &ip_2_ip4(&address)->addr, 4);
  }
  return result;
}

bool is_own_address(const ip_addr_t& address) {
  if (ip_addr_isany_val(address)) return true;
  netif* one;
  NETIF_FOREACH(one) {
    if (IP_IS_V4_VAL(address)) {
      if (ip4_addr_cmp(ip_2_ip4(&address), netif_ip4_addr(one)) ||
          (ip4_addr_isloopback(ip_2_ip4(&address)) && netif_is_flag_set(one, NETIF_FLAG_UP)))
        return true;
    } else if (netif_get_ip6_addr_match(one, ip_2_ip6(&address)) >= 0) {
      return true;
    }
  }
  return false;
}

}  // namespace pith::network
