// Ownership, retyping and release of frames.
#include "kernel/memory/frame.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/memory/flush.h"
#include "kernel/memory/view.h"
#include "kernel/object/region.h"

namespace pith {

Result<FrameInfo&> frame_below(FrameNumber ancestor, FrameNumber frame) {
  if (frame.raw == 0 || frame.raw >= frame_count) return Error::BadFrame;
  FrameInfo& entry = info(frame);
  if (entry.type == ObjectType::Reserved) return Error::BadFrame;
  FrameNumber region = entry.owner;
  for (u32 depth = 0; depth <= kRegionDepth; depth++) {
    if (region == ancestor) return entry;
    if (region.raw == 0) break;
    region = view<Region>(region).parent;
  }
  return Error::BadFrame;
}

Result<void> check_open(FrameNumber region) {
  for (u32 depth = 0; depth <= kRegionDepth && region.raw != 0; depth++) {
    const Region& here = view<Region>(region);
    if (here.closing) return Error::Closing;
    region = here.parent;
  }
  return {};
}

void retype(FrameNumber frame, ObjectType type) {
  FrameInfo& entry = info(frame);
  arch::clear_frame(frame);
  entry.type = type;
  entry.level = 0;
  entry.index = 0;
  entry.parent = FrameNumber();
  entry.uses = 0;
  entry.cursor = 0;
}

void release_frame(FrameNumber frame) {
  FrameInfo& entry = info(frame);
  bump_epoch(frame);
  entry.type = ObjectType::Untyped;
  entry.cursor = 0;
  entry.generation = current_generation();
}

void change_owner(FrameNumber frame, FrameNumber region) {
  FrameInfo& entry = info(frame);
  if (entry.owner.raw != 0) view<Region>(entry.owner).frames--;
  entry.owner = region;
  view<Region>(region).frames++;
}

}  // namespace pith
