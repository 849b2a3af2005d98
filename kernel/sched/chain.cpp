// Walks along chains of calls.
#include "kernel/sched/chain.h"

namespace pith {

namespace {

/// Calls within calls that are followed before time is charged, and after one context was parked.
constexpr u32 kShortChain = 3;

template <u32 kHops>
[[gnu::always_inline]] inline ChainEnd walk(FrameNumber first) {
  ChainEnd end{first, 1};
  for (u32 hops = 0; hops < kHops; hops++) {
    const Thread& thread = view<Thread>(end.thread);
    FrameNumber next = next_in_chain(thread);
    if (next.raw == 0) return end;
    end = {next, thread.state == ThreadState::WaitingForReply};
  }
  return end;
}

}  // namespace

[[gnu::noinline]] ChainEnd end_of_chain(FrameNumber first) { return walk<kChainDepth>(first); }
[[gnu::noinline]] ChainEnd end_of_short_chain(FrameNumber first) { return walk<kShortChain>(first); }

}  // namespace pith
