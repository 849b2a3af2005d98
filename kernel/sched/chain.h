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

/// What a walk along a chain of calls found: its end, and whether the last step was a call that the end is handling (0 or 1).
struct ChainEnd {
  FrameNumber thread;
  u32 is_client;
};

/// Where the chain that begins with the thread `first` ends, or as far along it as the kernel follows chains.
ChainEnd end_of_chain(FrameNumber first);

/// The same, but only a few calls far: longer chains are followed afterwards, or by the next entry.
ChainEnd end_of_short_chain(FrameNumber first);

}  // namespace pith
