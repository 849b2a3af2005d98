// The host port of instance.h: there is one.
#pragma once
#include "base/types.h"

namespace pith::ipc {

inline u64 instance_number() { return 0; }

}  // namespace pith::ipc
