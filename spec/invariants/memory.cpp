// Frames and regions: what type, owner, epoch and depth may be.
#include "kernel/memory/flush.h"
#include "kernel/object/region.h"
#include "kernel/sched/cpu.h"
#include "spec/invariants/predicate.h"

namespace pith {

// ---- frames ----

INVARIANT(frames_are_few_enough) { return frame_count <= kMaximumFrames; }
INVARIANT(frame_zero_exists) { return frame_count != 0; }
INVARIANT(frame_zero_is_reserved) { return info(FrameNumber(0)).type == ObjectType::Reserved; }
INVARIANT(frame_zero_is_nobodys) { return info(FrameNumber(0)).owner.raw == 0; }

INVARIANT(frame_type_is_known, FrameNumber frame) {
  FOR_ALL(frame);
  ObjectType type = info(frame).type;
  return u32(type) <= u32(ObjectType::Platform) || type == ObjectType::Reserved;
}
INVARIANT(owner_is_a_region, FrameNumber frame) {
  FOR_ALL(frame);
  FrameNumber owner = info(frame).owner;
  return owner.raw == 0 || is<Region>(owner);
}
INVARIANT(object_has_an_owner, FrameNumber frame) {
  FOR_ALL(frame);
  ObjectType type = info(frame).type;
  return type == ObjectType::Reserved || type == ObjectType::Region || info(frame).owner.raw != 0;
}
INVARIANT(reserved_frame_is_nobodys, FrameNumber frame) {
  FOR_ALL(frame);
  return info(frame).type != ObjectType::Reserved || info(frame).owner.raw == 0;
}
INVARIANT(epoch_word_has_no_low_bits, FrameNumber frame) {
  FOR_ALL(frame);
  return (epochs[frame.raw] & (kEpochStep - 1)) == 0;
}
/// Whatever is taken back can have its epoch counted up once more.
INVARIANT(epoch_of_an_object_has_room, FrameNumber frame) {
  FOR_ALL(frame);
  ObjectType type = info(frame).type;
  return type == ObjectType::Untyped || type == ObjectType::Reserved || epochs[frame.raw] < ~u64{0} - kEpochStep;
}
INVARIANT(untyped_frame_is_not_half_dismantled, FrameNumber frame) {
  FOR_ALL(frame);
  return info(frame).type != ObjectType::Untyped || info(frame).cursor == 0;
}

// ---- regions ----

INVARIANT(region_parent_is_its_owner, Of<Region> region) {
  FOR_ALL(region);
  return regions[region.raw].parent == info(region).owner;
}
INVARIANT(region_parent_is_typed, Of<Region> region) {
  FOR_ALL(region);
  FrameNumber parent = regions[region.raw].parent;
  return parent.raw == 0 || is<Region>(parent);
}
INVARIANT(region_depth_is_bounded, Of<Region> region) {
  FOR_ALL(region);
  return regions[region.raw].depth <= kRegionDepth;
}
INVARIANT(region_is_one_deeper_than_its_parent, Of<Region> region) {
  FOR_ALL(region);
  FrameNumber parent = regions[region.raw].parent;
  GIVEN(is<Region>(parent));
  return regions[region.raw].depth == regions[parent.raw].depth + 1;
}
INVARIANT(first_region_has_depth_zero, Of<Region> region) {
  FOR_ALL(region);
  return regions[region.raw].parent.raw != 0 || regions[region.raw].depth == 0;
}
INVARIANT(first_region_stays_open, Of<Region> region) {
  FOR_ALL(region);
  return regions[region.raw].parent.raw != 0 || regions[region.raw].closing == 0;
}
INVARIANT(region_ceiling_is_a_priority, Of<Region> region) {
  FOR_ALL(region);
  return regions[region.raw].priority_ceiling < kPriorities;
}
INVARIANT(region_ceiling_is_at_most_its_parents, Of<Region> region) {
  FOR_ALL(region);
  FrameNumber parent = regions[region.raw].parent;
  GIVEN(is<Region>(parent));
  return regions[region.raw].priority_ceiling <= regions[parent.raw].priority_ceiling;
}

// ---- what processors remember ----

LEMMA(flushes_are_fewer_than_would_ever_be) { return flushes.generation < u64{1} << 63; }
INVARIANT(nothing_was_freed_in_the_future, FrameNumber frame) {
  FOR_ALL(frame);
  return info(frame).generation <= flushes.generation;
}
INVARIANT(processor_was_flushed_in_the_past, CpuIndex cpu) {
  FOR_ALL(cpu);
  return cpus[cpu.raw].flushed_generation <= flushes.generation;
}
INVARIANT(forgotten_generations_are_past) { return flushes.forgotten <= flushes.generation; }
INVARIANT(no_processor_remembers_what_is_forgotten, CpuIndex cpu) {
  FOR_ALL(cpu);
  const Cpu& it = cpus[cpu.raw];
  return cpu.raw >= cpu_count || it.idle || it.flushed_generation >= flushes.forgotten;
}
INVARIANT(look_is_at_a_processor) { return flushes.looked_at < cpu_count; }
INVARIANT(processors_are_as_many_as_there_is_room_for) { return cpu_count <= kMaximumCpus; }
INVARIANT(look_is_for_the_past) { return flushes.looked_at == 0 || flushes.looked_for < flushes.generation; }
INVARIANT(processor_that_was_looked_at_remembers_no_more, CpuIndex cpu) {
  FOR_ALL(cpu);
  GIVEN(cpu.raw < flushes.looked_at);
  const Cpu& it = cpus[cpu.raw];
  return cpu.raw >= cpu_count || it.idle || it.flushed_generation > flushes.looked_for;
}

}  // namespace pith
