// The interfaces of the network as programs see and set them: ioctls of sockets, and files in /proc/net.
#pragma once
#include <string>

#include "personality/linux/network/socket.h"

namespace pith::personality {

/// SIOCGIF…, SIOCSIF…, SIOCADDRT, SIOCDELRT. NotTerminal: another request. May let the lock go.
Result<u64> control_interfaces(Task& task, u32 request, GuestAddress argument);

// Texts of /proc/net. They let the lock go.
Result<std::string> network_devices_text(Task& task);
Result<std::string> network_routes_text(Task& task);
Result<std::string> network_addresses6_text(Task& task);

}  // namespace pith::personality
