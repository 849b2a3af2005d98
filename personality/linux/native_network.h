// The network stack of a real system, through the client that is generated from the protocol.
#pragma once
#include <memory>

#include "personality/linux/network_service.h"

namespace pith::personality {

/// The service "network", if the manifest grants it and a memory called "COMPONENT-network"; else null.
std::unique_ptr<NetworkService> connect_network();

}  // namespace pith::personality
