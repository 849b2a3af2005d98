// The pulse of a component: a word that its loop counts up, in which others see from outside that it still comes by.
#pragma once
#include "lib/ipc/ipc.h"

namespace pith::ipc {

/// Where it is in the message buffer of the component's first thread. The first words of a message travel in registers, so nobody else
/// stores there.
inline constexpr u32 kPulseWord = 0;
static_assert(kPulseWord < kRegisterWords);

/// Every loop calls it before it receives; so does a handler that waits for something that is neither a call nor its own doing.
inline void beat() {
  volatile u64& pulse = message_buffer().words[kPulseWord];
  pulse = pulse + 1;
}

}  // namespace pith::ipc
