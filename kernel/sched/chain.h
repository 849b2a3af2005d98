// Chains of calls: who waits for whom.
#pragma once
#include "kernel/object/endpoint.h"
#include "kernel/object/thread.h"

namespace pith {

/// How far the kernel follows a chain of calls.
inline constexpr u32 kChainDepth = 8;

/// The thread that `thread` waits for in its call, or 0.
inline FrameNumber next_in_chain(const Thread& thread) {
  if (thread.state == ThreadState::WaitingForReply) return thread.callee;
  if (thread.state == ThreadState::Calling) return view<Endpoint>(thread.waiting_at).server;
  return FrameNumber();
}

}  // namespace pith
