// What TCP remembers of connections that have ended, and when it may forget it early.
#pragma once
#include <span>

#include "base/types.h"
#include "lwip/ip_addr.h"

namespace pith::network {

/// lwIP refuses the ports of a connection that has ended for two minutes. When `segment`, which is about to come in, begins a new one with
/// a number above all of the old one's, nothing of the old one can be taken for the new one's: the old one is forgotten, and lwIP finds
/// whoever listens. [rfc1122 4.2.2.13]
void let_begin_again(const ip_addr_t& from, const ip_addr_t& to, std::span<const u8> segment);

}  // namespace pith::network
