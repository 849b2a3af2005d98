// Waiting, for components of one thread that nobody calls and that have no memory of their own to sleep with.
#pragma once
#include "abi/start_information.h"
#include "lib/clock.h"
#include "lib/ipc/ipc.h"

namespace pith {

/// `deadline`: nanoseconds since boot; 0: for ever.
inline void wait_until(u64 deadline) { (void)ipc::receive(ComponentSlot::Service, deadline); }
inline void wait_for(u64 nanoseconds) { wait_until(now() + nanoseconds); }

}  // namespace pith
