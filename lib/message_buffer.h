// Where lib/thread.cpp tells a new thread's stubs its message buffer.
#pragma once
#include "base/types.h"

namespace pith {

/// From now on the calling thread's message buffer is the page at `address`.
void set_message_buffer(u64 address);

}  // namespace pith
