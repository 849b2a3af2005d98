// Capability spaces, their tables, and what a slot may hold.
#include "kernel/object/capability_space.h"

#include "kernel/object/thread.h"
#include "spec/invariants/list.h"
#include "spec/invariants/predicate.h"

namespace pith {

namespace {
/// The threads that use a capability space.
struct SpaceUsers {
  struct Place {
    FrameNumber space;
    bool operator==(const Place& other) const { return space == other.space; }
  };
  static const List& list(Place place) { return capability_spaces[place.space.raw].threads; }
  static const Link& link(FrameNumber thread) { return threads[thread.raw].capability_link; }
  static bool is_typed(FrameNumber frame) { return is<Thread>(frame); }
  static bool is_member(FrameNumber thread) { return threads[thread.raw].capabilities.raw != 0; }
  static Place place_of(FrameNumber thread) { return {threads[thread.raw].capabilities}; }
  static bool is_place(Place place) { return is<CapabilitySpace>(place.space); }
};
}  // namespace

LIST_ENDS(capability_space_threads, SpaceUsers, (Of<CapabilitySpace> space), (space))
LIST_MEMBERS(capability_space_threads, SpaceUsers, Thread)

// ---- tables ----

INVARIANT(linked_capability_table_is_typed, Of<CapabilitySpace> space, TableIndex index) {
  FOR_ALL(space, index);
  FrameNumber table = capability_spaces[space.raw].table[index.raw];
  return table.raw == 0 || is<CapabilityTable>(table);
}
INVARIANT(linked_capability_table_knows_its_space, Of<CapabilitySpace> space, TableIndex index) {
  FOR_ALL(space, index);
  FrameNumber table = capability_spaces[space.raw].table[index.raw];
  GIVEN(is<CapabilityTable>(table));
  return info(table).parent == space;
}
INVARIANT(linked_capability_table_knows_its_index, Of<CapabilitySpace> space, TableIndex index) {
  FOR_ALL(space, index);
  FrameNumber table = capability_spaces[space.raw].table[index.raw];
  GIVEN(is<CapabilityTable>(table));
  return info(table).index == index.raw;
}
INVARIANT(capability_table_parent_is_typed, Of<CapabilityTable> table) {
  FOR_ALL(table);
  FrameNumber space = info(table).parent;
  return space.raw == 0 || is<CapabilitySpace>(space);
}
INVARIANT(capability_table_index_is_in_range, Of<CapabilityTable> table) {
  FOR_ALL(table);
  return info(table).index < kTablesPerSpace;
}
INVARIANT(capability_table_parent_links_it, Of<CapabilityTable> table) {
  FOR_ALL(table);
  FrameNumber space = info(table).parent;
  u32 index = info(table).index;
  GIVEN(is<CapabilitySpace>(space) && index < kTablesPerSpace);
  return capability_spaces[space.raw].table[index] == table;
}
INVARIANT(dismantled_capability_space_has_no_table, Of<CapabilitySpace> space, TableIndex index) {
  FOR_ALL(space, index);
  return index.raw >= info(space).cursor || capability_spaces[space.raw].table[index.raw].raw == 0;
}

// ---- slots ----

INVARIANT(slot_frame_exists, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  return capability_tables[table.raw].slot[slot.raw].frame.raw < frame_count;
}
INVARIANT(slot_in_use_has_a_type, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  u64 word = capability_tables[table.raw].slot[slot.raw].word;
  return word == 0 || (word >> 8 & 255) != 0;
}
INVARIANT(slot_in_use_names_a_frame, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  const Capability& capability = capability_tables[table.raw].slot[slot.raw];
  return capability.word == 0 || capability.frame.raw != 0;
}
INVARIANT(slot_epoch_is_not_ahead, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  const Capability& capability = capability_tables[table.raw].slot[slot.raw];
  GIVEN(capability.word != 0 && capability.frame.raw < frame_count);
  return capability.word >> 16 <= epochs[capability.frame.raw] >> 16;
}
/// The access-control policy rests on this: one comparison of words tells what the frame holds.
INVARIANT(live_slot_names_an_object_of_its_type, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  const Capability& capability = capability_tables[table.raw].slot[slot.raw];
  GIVEN(capability.word != 0 && capability.frame.raw < frame_count);
  GIVEN(capability.word >> 16 == epochs[capability.frame.raw] >> 16);
  return u64(info(capability.frame).type) == (capability.word >> 8 & 255);
}

// ---- frame 0, where absent spaces and tables lead ----

INVARIANT(absent_capability_space_is_empty, TableIndex index) {
  FOR_ALL(index);
  return capability_spaces[0].table[index.raw].raw == 0;
}
INVARIANT(absent_capability_table_grants_nothing, SlotIndex slot) {
  FOR_ALL(slot);
  return capability_tables[0].slot[slot.raw].word == 0;
}
INVARIANT(absent_capability_table_names_nothing, SlotIndex slot) {
  FOR_ALL(slot);
  return capability_tables[0].slot[slot.raw].frame.raw == 0;
}

}  // namespace pith
