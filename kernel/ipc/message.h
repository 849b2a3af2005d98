// Carrying a message from one thread to another: words, buffers, capabilities.
#pragma once
#include "abi/handle.h"
#include "kernel/object/thread.h"

namespace pith {

/// Checks what a long message says of itself: at most 64 words and four capabilities, and a buffer where they are used. Errors: BadArgument, NotConfigured.
Result<void> check_message(const Thread& sender, Handle handle);

/// Copies the sender's words, and buffer words and capabilities as `handle` says, to the receiver. Answers the status word's length and capability fields.
u64 transfer(Thread& sender, Handle handle, Thread& receiver);

}  // namespace pith
