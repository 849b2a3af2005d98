// The objects of one round: a set to work with, a set in a closed region, capabilities that are stale or without rights, and their end.
#include "tests/guest/fuzz.h"

namespace pith::fuzz {

Round round;

namespace {

using enum Operation;
constexpr u32 kRoundFrames = 448;

u64 word(CapabilitySlot slot) { return slot.raw; }
u64 word(FrameNumber frame) { return frame.raw; }

/// Interrupt lines that no device of this machine raises by itself.
constexpr u64 kFirstLine = 16;
u64 lines_used;

CapabilitySlot make_device(CapabilitySlot region, Operation operation, FrameNumber frame, u64 first, u64 count) {
  CapabilitySlot slot = new_slot();
  if (operation == PlatformCreateInterrupt)
    ok(operation, HostileSlot::Platform, {{word(region), word(frame), first, word(slot)}});
  else
    ok(operation, HostileSlot::Platform, {{word(region), word(frame), first, count, word(slot)}});
  return slot;
}

CapabilitySlot make_address_space(CapabilitySlot region, FrameNumber& frame) {
  CapabilitySlot slot = new_slot();
  frame = new_frames();
  ok(RegionCreate, region, {{word(frame), u64(ObjectType::AddressSpace), word(slot), 0, word(make_frame(region, ObjectType::PageTable, guest_test::kTopLevel))}});
  for (u64 level = 3; level-- > 0;) {
    FrameNumber table = make_frame(region, ObjectType::PageTable, level);
    ok(AddressSpaceLinkTable, slot, {{kSetBase, word(table)}});
  }
  return slot;
}

/// Creates one object of each kind in `region`, which must own the next frames already.
Set make_set(CapabilitySlot region) {
  Set set{};
  set.region = region;
  for (u32 i = 3; i < 16; i++) {
    ObjectType type = ObjectType(i);
    FrameNumber& frame = set.frame[i];
    if (type == ObjectType::AddressSpace) {
      set.slot[i] = make_address_space(region, frame);
    } else if (type == ObjectType::Interrupt) {
      set.slot[i] = make_device(region, PlatformCreateInterrupt, frame = new_frames(), kFirstLine + lines_used++ % 4, 0);
    } else if (type == ObjectType::IoPorts) {
      set.slot[i] = make_device(region, PlatformCreateIoPorts, frame = new_frames(), 0x80, 4);
    } else {
      set.slot[i] = make(region, type, type == ObjectType::Region || type == ObjectType::Thread ? kCeiling : 0, &frame);
    }
  }
  set.data = make_frame(region, ObjectType::Data);
  set.table = make_frame(region, ObjectType::PageTable);
  set.raw = new_frames();
  u64 turn = 1'000'000;
  ok(SchedulingContextConfigure, set.slot[u32(ObjectType::SchedulingContext)], {{kIdlePriority, turn, turn, 0}});
  ok(ThreadConfigure, set.slot[u32(ObjectType::Thread)],
     {{word(HostileSlot::AddressSpace), word(HostileSlot::CapabilitySpace), 0, 0, 0, 0}});
  return set;
}

void take_back(FrameNumber first, FrameNumber end) {
  bool again = true;
  for (u32 pass = 0; again && pass < 8; pass++) {
    again = false;
    for (u32 at = first.raw; at < end.raw;) {
      u64 count = end.raw - at < 64 ? end.raw - at : 64;
      Outcome outcome = ok(RegionReclaim, HostileSlot::Region, {{at, count}});
      if (outcome.words.w[1] == 2) again = true;
      at += u32(outcome.words.w[0]);
    }
  }
}

}  // namespace

FrameNumber new_frames(u32 count) {
  FrameNumber first = round.next;
  round.next.raw += count;
  if (round.next > round.end) mistake(RegionGive, kSuccess, Error::NoMemory, "the round is out of frames");
  return first;
}

CapabilitySlot new_slot() {
  CapabilitySlot slot = round.next_slot;
  round.next_slot.raw++;
  return slot;
}

CapabilitySlot make(CapabilitySlot region, ObjectType type, u64 argument, FrameNumber* frame) {
  CapabilitySlot slot = new_slot();
  FrameNumber chosen = new_frames();
  ok(RegionCreate, region, {{word(chosen), u64(type), word(slot), argument}});
  if (frame != nullptr) *frame = chosen;
  return slot;
}

FrameNumber make_frame(CapabilitySlot region, ObjectType type, u64 argument) {
  FrameNumber frame = new_frames();
  ok(RegionCreate, region, {{word(frame), u64(type), 0, argument}});
  return frame;
}

void begin_round() {
  // What the driver did a moment ago may still be pending: a wait takes it.
  ok(ThreadInterrupt, HostileSlot::Thread);
  (void)kernel::Notification{HostileSlot::Notification}.wait(1);
  round = {};
  round.next_slot = HostileSlot::FirstDynamic;
  round.region = new_slot();
  round.region_frame = shared.first_frame;
  ok(RegionCreate, HostileSlot::Region, {{word(round.region_frame), u64(ObjectType::Region), word(round.region), kCeiling}});
  round.next = FrameNumber(shared.first_frame.raw + 1);
  round.end = FrameNumber(round.next.raw + kRoundFrames);
  for (u32 i = 0; i < kRoundFrames; i += 16) ok(RegionGive, HostileSlot::Region, {{word(round.region), round.next.raw + i, 16}});

  FrameNumber closed_frame;
  CapabilitySlot closed = make(round.region, ObjectType::Region, kCeiling, &closed_frame);
  for (u32 i = 0; i < 32; i += 16) ok(RegionGive, round.region, {{word(closed), round.next.raw + i, 16}});
  FrameNumber behind{round.next.raw + 32};
  round.closed = make_set(closed);
  ok(RegionClose, closed);
  round.closed_region = new_slot();
  ok(RegionRenew, round.region, {{word(closed_frame), word(round.closed_region)}});
  round.next = behind;

  round.good = make_set(round.region);
  for (u32 i = 3; i < 16; i++) {
    round.weak[i] = new_slot();
    ok(CapabilitySpaceInstall, HostileSlot::CapabilitySpace, {{word(round.weak[i]), word(round.good.slot[i]), 0, 0}});
    // What was there before is stale when the object is renewed.
    round.stale[i] = round.good.slot[i];
    round.good.slot[i] = new_slot();
    ok(RegionRenew, round.region, {{word(round.good.frame[i]), word(round.good.slot[i])}});
    ok(CapabilitySpaceRemove, HostileSlot::CapabilitySpace, {{word(round.weak[i])}});
    ok(CapabilitySpaceInstall, HostileSlot::CapabilitySpace, {{word(round.weak[i]), word(round.good.slot[i]), 0, 0}});
  }
  round.good.slot[16] = HostileSlot::Platform;
  round.weak[16] = new_slot();
  round.stale[16] = HostileSlot::StalePlatform;
  ok(CapabilitySpaceInstall, HostileSlot::CapabilitySpace, {{word(round.weak[16]), word(HostileSlot::Platform), 0, 0}});
}

void end_round() {
  // Random operations may have closed it already or taken the capability away: a fresh one first.
  (void)perform(CapabilitySpaceRemove, HostileSlot::CapabilitySpace, {{word(round.region)}});
  if (perform(RegionRenew, HostileSlot::Region, {{word(round.region_frame), word(round.region)}}).error == kSuccess)
    (void)perform(RegionClose, round.region);
  take_back(FrameNumber(round.region_frame.raw + 1), FrameNumber(shared.first_frame.raw + shared.frame_count));
  for (u32 i = 0; i < 16 && perform(RegionDestroy, HostileSlot::Region, {{word(round.region_frame)}}).error == Error::Again; i++) {
  }
  for (u32 i = 0; i < shared.frame_count; i++) {
    Outcome outcome = ok(RegionInspect, HostileSlot::Region, {{shared.first_frame.raw + i}});
    // Random operations may leave objects that the hostile region itself owns.
    for (u32 step = 0; outcome.words.w[0] != 0 && step < 64; step++) {
      Error error = perform(RegionDestroy, HostileSlot::Region, {{shared.first_frame.raw + i}}).error;
      if (error != Error::Again) break;
    }
    if (outcome.words.w[0] != 0 && ok(RegionInspect, HostileSlot::Region, {{shared.first_frame.raw + i}}).words.w[0] != 0)
      mistake(RegionReclaim, kSuccess, Error::FrameInUse, "a frame did not come back");
  }
  for (u32 slot = HostileSlot::FirstDynamic.raw; slot < HostileSlot::EndDynamic.raw; slot++)
    ok(CapabilitySpaceRemove, HostileSlot::CapabilitySpace, {{slot}});
}

/// The five ways in which the capability that an operation is done with can be wrong.
void refuse_everywhere() {
  for (const grammar::OperationEntry& entry : grammar::kOperations) {
    if (entry.object == 31) continue;
    Operation operation = entry.operation;
    ObjectType other = entry.object == u32(ObjectType::Endpoint) ? ObjectType::Notification : ObjectType::Endpoint;
    want(Error::BadSlot, operation, HostileSlot::Unlinked);
    want(Error::EmptySlot, operation, HostileSlot::Empty);
    want(Error::Stale, operation, round.stale[entry.object]);
    want(Error::WrongType, operation, round.good.slot[u32(other)]);
    want(Error::MissingRight, operation, round.weak[entry.object]);
  }
}

}  // namespace pith::fuzz
