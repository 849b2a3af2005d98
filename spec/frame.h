// What every operation is made of: frames below a region, capability slots, and looking a capability up. This is the access-control policy.
#pragma once
#include "spec/oracle.h"
#include "spec/walks.h"

namespace pith::spec {

/// Neither `region` nor one above it is closing.
inline bool is_open(FrameNumber region) { return spec_walk_open(region) == kSuccess; }

/// A region on the way from `region` up to `above`, `above` excluded, is closing.
inline bool is_closed_below(FrameNumber region, FrameNumber above) { return spec_walk_closed_below(region, above); }

inline bool is_frame(FrameNumber frame) { return frame.raw != 0 && frame.raw < state.frame_count; }

/// `frame` is memory whose owner is `region` or below it.
inline bool is_below(FrameNumber frame, FrameNumber region) { return spec_walk_below(frame, region) == kSuccess; }

/// The epoch has come to its end: no more capability to this frame can be made stale.
inline bool is_exhausted(FrameNumber frame) { return frames[frame].epoch >= kLastEpoch; }

/// This CPU forgets all translations: a new generation begins.
inline void flush() { state.cpus[state.here].flushed_generation = ++state.generation; }

/// This CPU runs somebody: from now on it may remember translations, but none of those that were taken away while it was idle.
inline void end_idleness() {
  Cpu& cpu = state.cpus[state.here];
  if (cpu.idle) cpu.flushed_generation = state.generation;
  cpu.idle = false;
}

/// Another CPU runs the thread: its registers are that CPU's and nobody else's.
inline bool runs_elsewhere(FrameNumber thread) {
  u8 cpu = threads[thread].cpu;
  return cpu != state.here && state.cpus[cpu].current == thread;
}

/// The frame becomes an object of `type`, all zero.
inline void become(FrameNumber frame, ObjectType type) {
  Frame& entry = frames[frame];
  entry.type = type;
  entry.level = 0;
  entry.index = 0;
  entry.cursor = 0;
  entry.parent = FrameNumber();
  entry.uses = 0;
}

/// Nothing names the frame any more: it is untyped, and capabilities to it are stale.
inline void release(FrameNumber frame) {
  Frame& entry = frames[frame];
  entry.type = ObjectType::Untyped;
  entry.epoch++;
  entry.cursor = 0;
  entry.generation = state.generation;
}

inline bool is_empty(const Capability& capability) { return capability.type == ObjectType::Untyped; }

/// The capability's object is still the one that it was made for.
inline bool is_live(const Capability& capability) { return !is_empty(capability) && capability.epoch == frames[capability.frame].epoch; }

/// A capability with all rights to the object in `frame`.
inline Capability full(FrameNumber frame, ObjectType type) { return {frame, Badge(), frames[frame].epoch, type, kAllRights}; }

/// A slot: entry `index` of a CapabilityTable.
struct Slot {
  FrameNumber table;
  u32 index;
};

inline Capability& at(Slot slot) { return capability_tables[slot.table].slot[slot.index]; }

/// The slot of capability space `space`, if a table is linked there. Error: BadSlot.
inline Result<Slot> slot_of(FrameNumber space, CapabilitySlot slot) {
  if (slot.raw >= kTablesPerSpace * kSlotsPerTable) return Error::BadSlot;
  FrameNumber table = capability_spaces[space].table[slot.raw / kSlotsPerTable];
  if (table.raw == 0) return Error::BadSlot;
  return Slot{table, slot.raw % kSlotsPerTable};
}

/// The slot, if something can be put into it. Errors: BadSlot, Occupied.
inline Result<Slot> empty_slot_of(FrameNumber space, CapabilitySlot slot) {
  Slot found = TRY(slot_of(space, slot));
  if (slot == kNoSlot) return Error::BadSlot;
  if (!is_empty(at(found))) return Error::Occupied;
  return found;
}

/// The capability in a slot of `caller`'s space, whatever it is. Errors: BadSlot, EmptySlot, Stale.
inline Result<Capability> live_capability(FrameNumber caller, CapabilitySlot slot) {
  Capability found = at(TRY(slot_of(threads[caller].capabilities, slot)));
  if (is_empty(found)) return Error::EmptySlot;
  if (!is_live(found)) return Error::Stale;
  return found;
}

/// The access-control policy: `caller` may do with the object in `slot` what the object's `right` allows if its capability there is live,
/// of this type, and has the right. Errors: BadSlot, EmptySlot, Stale, WrongType, MissingRight.
inline Result<Capability> lookup(FrameNumber caller, CapabilitySlot slot, ObjectType type, u32 right) {
  Capability found = TRY(live_capability(caller, slot));
  if (found.type != type) return Error::WrongType;
  if ((found.rights & right) == 0) return Error::MissingRight;
  return found;
}

}  // namespace pith::spec
