// Frames and regions: what type, owner, epoch and depth may be.
#include "kernel/object/region.h"
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

}  // namespace pith
