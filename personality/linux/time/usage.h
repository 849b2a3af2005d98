// Time that processes have used.
#pragma once
#include "personality/linux/process/process.h"

namespace pith::personality {

ResourceUsage process_usage(const Process& process);

}  // namespace pith::personality
