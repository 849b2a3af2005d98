// Regions: making objects out of frames, giving frames away, and taking all of them back.
#include "spec/parts.h"

namespace pith::spec {

namespace {

/// Frames that one reclaim deals with at most.
constexpr u64 kFramesPerStep = 6;

bool needs_capability(ObjectType type) { return type != ObjectType::Data && type != ObjectType::PageTable; }

/// What a region makes; Interrupt, IoPorts and device shares come from the Platform.
bool is_creatable(ObjectType type) {
  bool is_device = type == ObjectType::Interrupt || type == ObjectType::IoPorts;
  return type >= ObjectType::Data && type <= ObjectType::VectorState && !is_device;
}

/// An address space takes an unused top-level table of its own region, and perhaps a leaf table as its spare.
Error check_space_frames(FrameNumber owner, u64 spare, FrameNumber top) {
  if (!is_frame(top) || frames[top].owner != owner) return Error::BadFrame;
  if (frames[top].type != ObjectType::PageTable || frames[top].level != kLevels - 1) return Error::BadArgument;
  if (frames[top].parent.raw != 0 || frames[top].cursor != 0) return Error::FrameInUse;
  if (spare == 0) return kSuccess;
  if (spare >= state.frame_count) return Error::BadFrame;
  const Frame& table = frames[FrameNumber(u32(spare))];
  if (table.owner != owner || table.type != ObjectType::PageTable || table.level != 0 || table.parent.raw != 0) return Error::BadArgument;
  return kSuccess;
}

Error check_arguments(ObjectType type, u64 argument, FrameNumber second, FrameNumber owner) {
  if (type == ObjectType::PageTable && argument >= kLevels) return Error::BadArgument;
  if (type == ObjectType::AddressSpace) return check_space_frames(owner, argument, second);
  if (type != ObjectType::Region && type != ObjectType::Thread) return kSuccess;
  if (argument >= kPriorities) return Error::BadArgument;
  if (argument > regions[owner].priority_ceiling) return Error::Limit;
  if (type == ObjectType::Region && regions[owner].depth >= kRegionDepth) return Error::TooDeep;
  return kSuccess;
}

/// The object as it is when new. What is not said is zero.
void make(FrameNumber frame, ObjectType type, u64 argument, FrameNumber second, FrameNumber owner) {
  become(frame, type);
  switch (type) {
    case ObjectType::Data:
      return spec_clear_user_page(frame.raw);
    case ObjectType::PageTable:
      frames[frame].level = u8(argument);
      page_tables[frame] = {};
      return;
    case ObjectType::Share:
      page_tables[frame] = {};
      return;
    case ObjectType::Region:
      regions[frame] = {};
      regions[frame].parent = owner;
      regions[frame].depth = u8(regions[owner].depth + 1);
      regions[frame].priority_ceiling = u8(argument);
      regions[frame].is_limited = regions[owner].is_limited;
      regions[owner].time_given += time_cost(frame);
      return;
    case ObjectType::AddressSpace:
      address_spaces[frame] = {.top = second, .spare = FrameNumber(u32(argument))};
      frames[second].parent = frame;
      return;
    case ObjectType::CapabilitySpace:
      capability_spaces[frame] = {};
      return;
    case ObjectType::CapabilityTable:
      capability_tables[frame] = {};
      return;
    case ObjectType::Thread:
      threads[frame] = {};
      threads[frame].priority_ceiling = u8(argument);
      // Tokens of a thread that lay in this frame before fit no call of this one: each epoch begins with numbers of its own.
      threads[frame].set_aside_number = (frames[frame].epoch & 0x7fff) << 25;
      return;
    case ObjectType::SchedulingContext:
      scheduling_contexts[frame] = {};
      return;
    case ObjectType::Endpoint:
      endpoints[frame] = {};
      return;
    case ObjectType::Notification:
      notifications[frame] = {};
      return;
    case ObjectType::Guest:
      guests[frame] = {};
      return;
    case ObjectType::VectorState:
      vector_states[frame] = {};
      for (u32 i = 0; i < kVectorWords; i++) vector_states[frame].word[i] = spec_initial_vector_word(i);
      return;
    default:
      return;
  }
}

/// The frame goes to another region's account.
void change_owner(FrameNumber frame, FrameNumber region) {
  regions[frames[frame].owner].frames--;
  frames[frame].owner = region;
  regions[region].frames++;
}

}  // namespace

bool has_time_for(FrameNumber region, u64 given, u64 wanted) {
  const Region& it = regions[region];
  return !it.is_limited || it.time_given - given + wanted <= it.time_share;
}

u64 time_cost(FrameNumber region) { return regions[region].is_limited ? regions[region].time_share : u64{1} << 32; }

Error check_creatable(FrameNumber region, FrameNumber frame) {
  if (!is_below(frame, region)) return Error::BadFrame;
  if (frames[frame].type != ObjectType::Untyped) return Error::FrameInUse;
  if (!is_open(frames[frame].owner)) return Error::Closing;
  if (is_exhausted(frame)) return Error::Exhausted;
  if (!spec_is_flushed(frames[frame].generation)) return Error::Again;
  return kSuccess;
}

Error region_create(FrameNumber caller, FrameNumber self, FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument,
                    FrameNumber second) {
  if (!is_creatable(type)) return Error::BadArgument;
  Slot destination{};
  if (needs_capability(type)) destination = TRY(empty_slot_of(threads[caller].capabilities, slot));
  if (Error error = check_creatable(self, frame); error != kSuccess) return error;
  FrameNumber owner = frames[frame].owner;
  if (Error error = check_arguments(type, argument, second, owner); error != kSuccess) return error;

  make(frame, type, argument, second, owner);
  if (needs_capability(type)) at(destination) = full(frame, type);
  return kSuccess;
}

Error region_give(FrameNumber caller, FrameNumber self, CapabilitySlot child_slot, FrameNumber first, u64 count) {
  FrameNumber child = TRY(lookup(caller, child_slot, ObjectType::Region, right::Region::Use)).frame;
  if (regions[child].parent != self) return Error::BadArgument;
  if (count == 0 || count > 16) return Error::BadArgument;
  if (first.raw + count > state.frame_count) return Error::BadFrame;
  if (!is_open(child)) return Error::Closing;
  for (u64 i = 0; i < count; i++) {
    const Frame& frame = frames[FrameNumber(u32(first.raw + i))];
    if (frame.owner != self) return Error::BadFrame;
    if (frame.type != ObjectType::Untyped) return Error::FrameInUse;
  }

  for (u64 i = 0; i < count; i++) frames[FrameNumber(u32(first.raw + i))].owner = child;
  regions[self].frames -= u32(count);
  regions[child].frames += u32(count);
  return kSuccess;
}

Error region_close(FrameNumber, FrameNumber self) {
  if (regions[self].closing || is_exhausted(self)) return Error::Closing;
  if (regions[self].parent.raw == 0) return Error::Closing;  // the first region

  regions[self].closing = true;
  frames[self].epoch++;
  return kSuccess;
}

Error region_reclaim(FrameNumber, FrameNumber self, FrameNumber first, u64 count, Results& results) {
  if (count == 0 || count > 64) return Error::BadArgument;
  if (first.raw == 0 || first.raw + count > state.frame_count) return Error::BadFrame;

  u64 most = count < kFramesPerStep ? count : kFramesPerStep;
  FrameNumber owner = frames[first].owner;
  results = {{most, 0}};
  for (u64 i = 0; i < most; i++) {
    FrameNumber frame(u32(first.raw + i));
    ObjectType type = frames[frame].type;
    // Frames of another owner are dealt with in another entry.
    if (frames[frame].owner != owner) {
      results.word[0] = i;
      return kSuccess;
    }
    if (type == ObjectType::Reserved || !is_closed_below(frames[frame].owner, self)) continue;
    // An object other than Data is taken apart in an entry of its own.
    bool is_heavy = type != ObjectType::Untyped && type != ObjectType::Data;
    if (is_heavy && i > 0) {
      results.word[0] = i;
      return kSuccess;
    }
    Progress progress = type == ObjectType::Untyped ? Progress::Done : dismantle(frame);
    if (progress == Progress::More) {
      results = {{0, 1}};
      return kSuccess;
    }
    if (progress == Progress::Blocked) {
      results.word[1] = 2;
    } else {
      if (type != ObjectType::Untyped) release(frame);
      change_owner(frame, self);
    }
    if (is_heavy) {
      results.word[0] = 1;
      return kSuccess;
    }
  }
  return kSuccess;
}

Error region_destroy(FrameNumber, FrameNumber self, FrameNumber frame) {
  if (!is_below(frame, self) || frames[frame].owner != self) return Error::BadFrame;
  if (frames[frame].type == ObjectType::Untyped) return Error::FrameInUse;
  if (is_exhausted(frame)) return Error::Exhausted;

  switch (dismantle(frame)) {
    case Progress::More:
      return Error::Again;
    case Progress::Blocked:
      return Error::Busy;
    case Progress::Done:
      break;
  }
  release(frame);
  return kSuccess;
}

Error region_renew(FrameNumber caller, FrameNumber self, FrameNumber frame, CapabilitySlot slot) {
  if (!is_below(frame, self)) return Error::BadFrame;
  Slot destination = TRY(empty_slot_of(threads[caller].capabilities, slot));
  if (frames[frame].type == ObjectType::Untyped || !needs_capability(frames[frame].type)) return Error::WrongType;
  if (!is_open(frames[frame].owner)) return Error::Closing;
  if (is_exhausted(frame)) return Error::Exhausted;

  frames[frame].epoch++;
  at(destination) = full(frame, frames[frame].type);
  return kSuccess;
}

Error region_inspect(FrameNumber, FrameNumber self, FrameNumber frame, Results& results) {
  if (!is_below(frame, self)) return Error::BadFrame;
  results = {{u64(ObjectType(frames[frame].type)), frames[frame].owner.raw, frames[frame].uses}};
  return kSuccess;
}

Error region_share_time(FrameNumber caller, FrameNumber self, CapabilitySlot slot, u64 share) {
  FrameNumber child = TRY(lookup(caller, slot, ObjectType::Region, right::Region::Use)).frame;
  if (regions[child].parent != self || share > 64 * kWholeCpu) return Error::BadArgument;
  if (regions[child].time_given > share) return Error::Busy;
  if (!has_time_for(self, time_cost(child), share)) return Error::Limit;

  regions[self].time_given += share - time_cost(child);
  regions[child].is_limited = true;
  regions[child].time_share = share;
  return kSuccess;
}

Error region_status(FrameNumber, FrameNumber self, Results& results) {
  results = {{regions[self].frames, regions[self].closing, self.raw}};
  return kSuccess;
}

}  // namespace pith::spec
