// Addresses of sockets, as clients give them and as lwIP has them.
#pragma once
#include "base/result.h"
#include "lwip/ip_addr.h"
#include "protocols/socket_memory.h"

namespace pith::network {

/// Family 0 is answered as any address, port as it is. An IPv4 address in IPv6's clothes (::ffff:0:0/96) is an IPv4 address. Errors:
/// BadArgument.
Result<ip_addr_t> to_lwip(const Address& address);

/// `family` is the socket's: on one of family 6 an IPv4 address wears IPv6's clothes.
Address from_lwip(const ip_addr_t& address, u32 port, u32 family);

/// Whether an interface has it, or it is any address.
bool is_own_address(const ip_addr_t& address);

}  // namespace pith::network
