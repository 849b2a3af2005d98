// Which instance of its component this program is.
#pragma once
#include "abi/start_information.h"

namespace pith::ipc {

inline u64 instance_number() { return reinterpret_cast<const StartInformation*>(kStartInformation)->instance; }

}  // namespace pith::ipc
