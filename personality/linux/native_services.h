// The services of a real system, through the clients that are generated from the protocols.
#pragma once
#include <memory>

#include "personality/linux/services.h"

namespace pith::personality {

/// Finds the services that the manifest granted; those that are missing answer NotFound.
std::unique_ptr<Services> connect_services();

}  // namespace pith::personality
