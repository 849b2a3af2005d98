// Walks up the tree of regions and along chains of calls.
#include "spec/parts.h"

namespace pith::spec {

namespace {

/// `region`, or one of the at most eight regions above it, is `above`.
bool is_within(FrameNumber region, FrameNumber above) {
  for (u32 depth = 0; depth <= kRegionDepth; depth++) {
    if (region == above) return true;
    if (region.raw == 0) return false;
    region = regions[region].parent;
  }
  return false;
}

/// How many calls lead to what `thread` does now, one handled within the other.
u32 clients_above(FrameNumber thread) {
  u32 count = 0;
  for (FrameNumber client = threads[thread].client; count < kChainDepth && client.raw != 0; count++) client = threads[client].client;
  return count;
}

}  // namespace

Error spec_walk_below(FrameNumber frame, FrameNumber region) {
  bool is_below = is_frame(frame) && frames[frame].type != ObjectType::Reserved && is_within(frames[frame].owner, region);
  return is_below ? kSuccess : Error::BadFrame;
}

Error spec_walk_open(FrameNumber region) {
  for (u32 depth = 0; depth <= kRegionDepth && region.raw != 0; depth++) {
    if (regions[region].closing) return Error::Closing;
    region = regions[region].parent;
  }
  return kSuccess;
}

bool spec_walk_closed_below(FrameNumber region, FrameNumber above) {
  bool closing = false;
  for (u32 depth = 0; depth <= kRegionDepth && region.raw != 0; depth++) {
    if (region == above) return closing;
    closing = closing || regions[region].closing;
    region = regions[region].parent;
  }
  return false;
}

Error spec_walk_call(FrameNumber endpoint, FrameNumber caller) {
  FrameNumber next = endpoints[endpoint].server;
  for (u32 hops = clients_above(caller); hops < kChainDepth; hops++) {
    if (next.raw == 0) return kSuccess;
    if (next == caller) return Error::Deadlock;
    next = next_in_chain(next);
  }
  return Error::TooDeep;
}

Error spec_walk_circle(FrameNumber endpoint, FrameNumber server) {
  for (u32 hops = 0; hops < kChainDepth; hops++) {
    if (server.raw == 0) return kSuccess;
    const Thread& thread = threads[server];
    bool calls = thread.state == ThreadState::Calling || thread.state == ThreadState::WaitingForReply;
    if (calls && thread.waiting_at == endpoint) return Error::Deadlock;
    server = next_in_chain(server);
  }
  return Error::TooDeep;
}

}  // namespace pith::spec
