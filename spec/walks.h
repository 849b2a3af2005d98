// Questions whose answer needs a walk from object to object: up the tree of regions, along a chain of calls. The kernel's own walks are shown to answer the same,
// each once; what is proved of an operation then only needs that both ask the same.
#pragma once
#include "abi/error.h"
#include "abi/types.h"
#include "base/result.h"

namespace pith::spec {

extern "C" {

/// `frame` is memory whose owner is `region` or below it. Error: BadFrame.
Error spec_walk_below(FrameNumber frame, FrameNumber region);
/// Neither `region` nor one above it is closing. Error: Closing.
Error spec_walk_open(FrameNumber region);
/// A region on the way from `region` up to `above`, `above` excluded, is closing.
bool spec_walk_closed_below(FrameNumber region, FrameNumber above);
/// A call of `caller` at `endpoint` comes back to no thread that waits for it, and makes no chain that is too long. Errors: Deadlock, TooDeep.
Error spec_walk_call(FrameNumber endpoint, FrameNumber caller);
/// A server of `endpoint` may not wait itself, perhaps through other servers, for an answer from there. Errors: Deadlock, TooDeep.
Error spec_walk_circle(FrameNumber endpoint, FrameNumber server);
}

}  // namespace pith::spec
