// Creating objects in frames, giving frames away, and the steps that take them back.
#include "kernel/object/region.h"

#include "kernel/object/vector_state.h"
#include "kernel/memory/flush.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/dismantle.h"
#include "kernel/object/thread.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {

/// Frames of one owner that one entry looks at.
constexpr u32 kFramesPerEntry = 6;
/// What a region without limit counts for in the account of the one around it: more than any limit.
constexpr u64 kUnlimitedCost = u64{1} << 32;
static_assert(kUnlimitedCost > kMaximumCpus * kWholeCpu);

bool needs_capability(ObjectType type) { return type != ObjectType::Data && type != ObjectType::PageTable; }

/// Types that Region::create makes; device objects come from Platform.
bool is_creatable(ObjectType type) {
  switch (type) {
    case ObjectType::Data:
    case ObjectType::PageTable:
    case ObjectType::Region:
    case ObjectType::AddressSpace:
    case ObjectType::CapabilitySpace:
    case ObjectType::CapabilityTable:
    case ObjectType::Thread:
    case ObjectType::SchedulingContext:
    case ObjectType::Endpoint:
    case ObjectType::Notification:
    case ObjectType::Share:
    case ObjectType::Guest:
    case ObjectType::VectorState:
      return true;
    default:
      return false;
  }
}

/// Errors that only this type's arguments can have.
Result<void> check_arguments(FrameNumber frame, ObjectType type, u64 argument, FrameNumber second, const Region& owner) {
  switch (type) {
    case ObjectType::PageTable:
      if (argument >= arch::kPageTableLevels) return Error::BadArgument;
      return {};
    case ObjectType::Region:
      if (argument >= kPriorities) return Error::BadArgument;
      if (argument > owner.priority_ceiling) return Error::Limit;
      if (owner.depth >= kRegionDepth) return Error::TooDeep;
      return {};
    case ObjectType::Thread:
      if (argument >= kPriorities) return Error::BadArgument;
      if (argument > owner.priority_ceiling) return Error::Limit;
      return {};
    case ObjectType::AddressSpace:
      return check_address_space_frames(frame, argument, second);
    default:
      return {};
  }
}

void initialise(FrameNumber frame, ObjectType type, u64 argument, FrameNumber second, FrameNumber owner) {
  switch (type) {
    case ObjectType::PageTable:
      info(frame).level = u8(argument);
      if (argument == arch::kPageTableLevels - 1) arch::initialise_top_table(frame);
      break;
    case ObjectType::Region: {
      const Region& parent = view<Region>(owner);
      Region& region = view<Region>(frame);
      region.parent = owner;
      region.depth = parent.depth + 1;
      region.priority_ceiling = u32(argument);
      region.is_limited = parent.is_limited;
      view<Region>(owner).time_given += time_cost(region);
      break;
    }
    case ObjectType::AddressSpace:
      initialise_address_space(frame, FrameNumber(u32(argument)), second);
      break;
    case ObjectType::Thread:
      initialise_thread(frame, u32(argument));
      break;
    case ObjectType::VectorState:
      arch::initialise_vector_state(view<VectorState>(frame));
      break;
    default:
      break;
  }
}

/// What takes more than a few instructions to take apart.
bool is_object(ObjectType type) { return type != ObjectType::Reserved && type != ObjectType::Untyped && type != ObjectType::Data; }

RegionReclaimResult reclaim_object(FrameNumber frame, FrameNumber region) {
  Progress progress = dismantle(frame);
  if (progress == Progress::More) return {0, 1};
  if (progress == Progress::Blocked) return {1, 2};
  (void)take_back(frame, region);  // it is untyped now
  return {1, 0};
}

}  // namespace

[[gnu::noinline]] bool is_closed_below(FrameNumber above, FrameNumber region) {
  bool closing = false;
  for (u32 depth = 0; depth <= kRegionDepth && region.raw != 0; depth++) {
    if (region == above) return closing;
    const Region& here = view<Region>(region);
    closing = closing || here.closing;
    region = here.parent;
  }
  return false;
}

[[gnu::noinline]] bool take_back(FrameNumber frame, FrameNumber region) {
  FrameInfo& entry = info(frame);
  if (entry.type == ObjectType::Data) {
    if (entry.uses != 0) return false;
    release_frame(frame);
  }
  change_owner(frame, region);
  return true;
}

[[gnu::noinline]] TakenBack take_back_in_a_row(FrameNumber first, u64 count, FrameNumber owner, bool is_closed, FrameNumber region) {
  TakenBack taken = {};
  for (; taken.frames < kFramesPerEntry && taken.frames < count; taken.frames++) {
    FrameNumber frame(first.raw + taken.frames);
    if (info(frame).owner != owner) break;
    if (!is_closed) continue;
    if (is_object(info(frame).type)) break;
    if (!take_back(frame, region)) taken.is_one_used = 1;
  }
  return taken;
}

bool has_time_for(const Region& region, u64 given, u64 wanted) {
  return region.is_limited == 0 || region.time_given - given + wanted <= region.time_share;
}

u64 time_cost(const Region& region) { return region.is_limited != 0 ? region.time_share : kUnlimitedCost; }

Result<void> check_creatable(FrameNumber region, FrameNumber frame) {
  TRY(check_below(region, frame));
  FrameInfo& entry = info(frame);
  if (entry.type != ObjectType::Untyped) return Error::FrameInUse;
  TRY(check_open(entry.owner));
  if (epoch_exhausted(frame)) return Error::Exhausted;
  if (!is_flushed(entry.generation)) return Error::Again;
  return {};
}

Result<void> Region::create(Thread& caller, FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument, FrameNumber second) {
  FrameNumber self = frame_of(*this);
  if (!is_creatable(type)) return Error::BadArgument;
  Capability* destination = nullptr;
  if (needs_capability(type)) destination = &TRY(empty_slot_of(caller, slot));
  TRY(check_creatable(self, frame));
  FrameNumber owner = info(frame).owner;
  TRY(check_arguments(frame, type, argument, second, view<Region>(owner)));

  retype(frame, type);
  initialise(frame, type, argument, second, owner);
  if (destination != nullptr) *destination = Capability::full(frame, type);
  return {};
}

[[gnu::noinline]] Result<void> move_frames(FrameNumber from, FrameNumber first, u64 count, FrameNumber to) {
  for (u64 i = 0; i < count; i++) {
    const FrameInfo& entry = info(FrameNumber(u32(first.raw + i)));
    if (entry.owner != from) return Error::BadFrame;
    if (entry.type != ObjectType::Untyped) return Error::FrameInUse;
  }

  for (u64 i = 0; i < count; i++) info(FrameNumber(u32(first.raw + i))).owner = to;
  return {};
}

Result<void> Region::give(Thread& caller, CapabilitySlot child_slot, FrameNumber first, u64 count) {
  FrameNumber self = frame_of(*this);
  Capability& child = TRY(check_capability(caller, child_slot, ObjectType::Region, right::Region::Use));
  if (view<Region>(child.frame).parent != self) return Error::BadArgument;
  if (count == 0 || count > kFramesPerGift) return Error::BadArgument;
  if (u64{first.raw} + count > frame_count) return Error::BadFrame;
  TRY(check_open(child.frame));
  TRY(move_frames(self, first, count, child.frame));

  frames -= count;
  view<Region>(child.frame).frames += count;
  return {};
}

Result<void> Region::close(Thread&) {
  FrameNumber self = frame_of(*this);
  if (closing || epoch_exhausted(self)) return Error::Closing;
  if (parent.raw == 0) return Error::Closing;

  closing = 1;
  bump_epoch(self);
  return {};
}

Result<RegionReclaimResult> Region::reclaim(Thread&, FrameNumber first, u64 count) {
  FrameNumber self = frame_of(*this);
  if (count == 0 || count > 64) return Error::BadArgument;
  if (first.raw == 0 || u64{first.raw} + count > frame_count) return Error::BadFrame;

  // Frames of one owner, and each object, have an entry of their own: the caller comes to what is behind them next.
  FrameNumber owner = info(first).owner;
  bool closed = is_closed_below(self, owner);
  if (closed && is_object(info(first).type)) return reclaim_object(first, self);
  TakenBack taken = take_back_in_a_row(first, count, owner, closed, self);
  return RegionReclaimResult{taken.frames, taken.is_one_used != 0 ? u64{2} : 0};
}

Result<void> Region::destroy(Thread&, FrameNumber frame) {
  FrameNumber self = frame_of(*this);
  TRY(check_below(self, frame));
  FrameInfo& entry = info(frame);
  if (entry.owner != self) return Error::BadFrame;
  if (entry.type == ObjectType::Untyped) return Error::FrameInUse;
  if (epoch_exhausted(frame)) return Error::Exhausted;

  switch (dismantle(frame)) {
    case Progress::More:
      return Error::Again;
    case Progress::Blocked:
      return Error::Busy;
    case Progress::Done:
      return {};
  }
  return {};
}

Result<void> Region::renew(Thread& caller, FrameNumber frame, CapabilitySlot slot) {
  TRY(check_below(frame_of(*this), frame));
  FrameInfo& entry = info(frame);
  Capability& destination = TRY(empty_slot_of(caller, slot));
  if (entry.type == ObjectType::Untyped || !needs_capability(entry.type)) return Error::WrongType;
  TRY(check_open(entry.owner));
  if (epoch_exhausted(frame)) return Error::Exhausted;

  bump_epoch(frame);
  destination = Capability::full(frame, entry.type);
  return {};
}

Result<RegionInspectResult> Region::inspect(Thread&, FrameNumber frame) {
  TRY(check_below(frame_of(*this), frame));
  FrameInfo& entry = info(frame);
  return RegionInspectResult{u64(entry.type), entry.owner, entry.uses};
}

Result<void> Region::share_time(Thread& caller, CapabilitySlot slot, u64 share) {
  Capability& capability = TRY(check_capability(caller, slot, ObjectType::Region, right::Region::Use));
  Region& child = view<Region>(capability.frame);
  if (child.parent != frame_of(*this) || share > kMaximumCpus * kWholeCpu) return Error::BadArgument;
  if (child.time_given > share) return Error::Busy;
  u64 before = time_cost(child);
  if (!has_time_for(*this, before, share)) return Error::Limit;

  time_given += share - before;
  child.is_limited = 1;
  child.time_share = share;
  return {};
}

Result<RegionStatusResult> Region::status(Thread&) { return RegionStatusResult{frames, closing, frame_of(*this)}; }

}  // namespace pith
