// Frames, regions and who may use what: what the specification's cells mean.
#include "kernel/arch/contract/interrupts.h"
#include "kernel/memory/flush.h"
#include "verify/refinement/meaning.h"

extern "C" u64 answer_of_line_count;

namespace pith {

namespace {

/// It stands in an entry of its parent; the top table of a space stands in none.
[[gnu::always_inline]] inline bool is_linked(FrameNumber frame) {
  const FrameInfo& entry = frames[frame.raw];
  return has_object(frame) && entry.parent.raw != 0 && !(entry.type == ObjectType::PageTable && entry.level == arch::kPageTableLevels - 1);
}

}  // namespace

MEANING(frame_type, spec::frames[frame].type, frames[frame.raw].type, exists(frame), FrameNumber frame)
MEANING(frame_owner, spec::frames[frame].owner, frames[frame.raw].owner, exists(frame), FrameNumber frame)
MEANING(frame_epoch, spec::frames[frame].epoch, epochs[frame.raw] >> 16, exists(frame), FrameNumber frame)
MEANING(frame_generation, spec::frames[frame].generation, frames[frame.raw].generation, exists(frame), FrameNumber frame)
MEANING(frame_level, spec::frames[frame].level, frames[frame.raw].level, has_object(frame), FrameNumber frame)
MEANING(frame_parent, spec::frames[frame].parent, frames[frame.raw].parent, has_object(frame), FrameNumber frame)
MEANING(frame_index, spec::frames[frame].index, frames[frame.raw].index, is_linked(frame), FrameNumber frame)
MEANING(frame_uses, spec::frames[frame].uses, frames[frame.raw].uses, exists(frame), FrameNumber frame)
MEANING(frame_cursor, spec::frames[frame].cursor, frames[frame.raw].cursor, has_object(frame), FrameNumber frame)

MEANING(region_parent, spec::regions[region].parent, regions[region.raw].parent, is<Region>(region), FrameNumber region)
MEANING(region_depth, spec::regions[region].depth, regions[region.raw].depth, is<Region>(region), FrameNumber region)
MEANING(region_closing, spec::regions[region].closing, regions[region.raw].closing, is<Region>(region), FrameNumber region)
MEANING(region_priority_ceiling, spec::regions[region].priority_ceiling, regions[region.raw].priority_ceiling, is<Region>(region),
        FrameNumber region)
MEANING(region_frames, spec::regions[region].frames, regions[region.raw].frames, is<Region>(region), FrameNumber region)
MEANING(region_is_limited, spec::regions[region].is_limited, regions[region.raw].is_limited != 0, is<Region>(region), FrameNumber region)
MEANING(region_time_share, spec::regions[region].time_share, regions[region.raw].time_share, is<Region>(region), FrameNumber region)
MEANING(region_time_given, spec::regions[region].time_given, regions[region.raw].time_given, is<Region>(region), FrameNumber region)

MEANING(frame_count, spec::state.frame_count, frame_count, true)
MEANING(here, spec::state.here, verify_here(), true)
MEANING(cpu_count, spec::state.cpu_count, cpu_count, true)
MEANING(line_count, spec::state.line_count, answer_of_line_count, true)
MEANING(has_io_ports, spec::state.has_io_ports, arch::has_io_ports(), true)
MEANING(generation, spec::state.generation, flushes.generation, true)

}  // namespace pith
