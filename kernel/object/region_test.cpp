// Creating, giving, closing, renewing: every documented answer of a region.
#include "kernel/object/region.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/memory/flush.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/notification.h"

namespace pith::host {
namespace {

class RegionTest : public testing::Test {
 protected:
  ~RegionTest() override { EXPECT_EQ(broken_invariant(), ""); }

  Error create(FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument = 0, FrameNumber second = FrameNumber()) {
    return machine(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(type), slot.raw, argument, second.raw}).error();
  }
  Error root(Operation operation, std::initializer_list<u64> words) { return machine(operation, RootSlot::Region, words).error(); }

  Machine machine;
};

TEST_F(RegionTest, CreateChecksEverything) {
  FrameNumber frame = machine.spare_frame();
  CapabilitySlot slot = machine.free_slot();
  EXPECT_EQ(create(frame, ObjectType::Untyped, slot), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::Interrupt, slot), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType(99), slot), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::Endpoint, kNoSlot), Error::BadSlot);
  EXPECT_EQ(create(frame, ObjectType::Endpoint, CapabilitySlot(256 * 400)), Error::BadSlot);
  EXPECT_EQ(create(frame, ObjectType::Endpoint, RootSlot::Thread), Error::Occupied);
  EXPECT_EQ(create(FrameNumber(0), ObjectType::Endpoint, slot), Error::BadFrame);
  EXPECT_EQ(create(FrameNumber(frame_count), ObjectType::Endpoint, slot), Error::BadFrame);
  EXPECT_EQ(create(machine.region, ObjectType::Endpoint, slot), Error::BadFrame);
  EXPECT_EQ(create(machine.make_frame(ObjectType::Data), ObjectType::Endpoint, slot), Error::FrameInUse);
  EXPECT_EQ(create(frame, ObjectType::PageTable, slot, 4), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::Region, slot, 64), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::Thread, slot, 64), Error::BadArgument);
  EXPECT_EQ(root(Operation::RegionCreate, {u64{1} << 32, 1, 0, 0, 0}), Error::BadFrame);
  EXPECT_EQ(info(frame).type, ObjectType::Untyped);
  EXPECT_TRUE(machine.capability(slot).is_empty());

  EXPECT_EQ(create(frame, ObjectType::Endpoint, slot), kSuccess);
  EXPECT_EQ(info(frame).type, ObjectType::Endpoint);
  EXPECT_EQ(machine.capability(slot).rights(), kAllRights);
  EXPECT_EQ(create(frame, ObjectType::Endpoint, machine.free_slot()), Error::FrameInUse);
}

TEST_F(RegionTest, AddressSpaceNeedsItsTopTable) {
  FrameNumber frame = machine.spare_frame(), top = machine.make_frame(ObjectType::PageTable, 3);
  CapabilitySlot slot = machine.free_slot();
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, 0, frame), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, 0, machine.top), Error::FrameInUse);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, 0, FrameNumber()), Error::BadFrame);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, 0, FrameNumber(frame_count)), Error::BadFrame);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, 0, machine.make_frame(ObjectType::Data)), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, top.raw, top), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, u64{1} << 40, top), Error::BadFrame);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, machine.make_frame(ObjectType::PageTable, 1).raw, top), Error::BadArgument);
  EXPECT_EQ(create(frame, ObjectType::AddressSpace, slot, machine.make_frame(ObjectType::PageTable, 0).raw, top), kSuccess);
  EXPECT_EQ(info(top).level, 3u);
  EXPECT_EQ(root(Operation::RegionDestroy, {top.raw}), Error::Busy);
}

TEST_F(RegionTest, RegionsNestEightDeep) {
  CapabilitySlot at = RootSlot::Region;
  for (u32 depth = 1; depth <= kRegionDepth + 1; depth++) {
    CapabilitySlot child = machine.free_slot();
    FrameNumber frame = machine.spare_frame();
    // The frame must be in the innermost region for the new one to be its child.
    for (u32 i = 0; i < 1 && at != RootSlot::Region; i++) change_owner(frame, machine.frame_in(at));
    Error error = machine(Operation::RegionCreate, at, {frame.raw, u64(ObjectType::Region), child.raw, 40, 0}).error();
    EXPECT_EQ(error, depth <= kRegionDepth ? kSuccess : Error::TooDeep) << depth;
    if (error != kSuccess) break;
    EXPECT_EQ(machine.object<Region>(child).depth, depth);
    at = child;
  }
  CapabilitySlot thread = machine.free_slot();
  FrameNumber frame = machine.spare_frame();
  change_owner(frame, machine.frame_in(at));
  EXPECT_EQ(machine(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(ObjectType::Thread), thread.raw, 41, 0}).error(),
            Error::Limit);
  EXPECT_EQ(machine(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(ObjectType::Thread), thread.raw, 40, 0}).error(), kSuccess);
}

TEST_F(RegionTest, GiveMovesUntypedFrames) {
  CapabilitySlot child = machine.make(ObjectType::Region, 10), grandchild = machine.free_slot();
  FrameNumber first = machine.spare_frames(70);
  EXPECT_EQ(root(Operation::RegionGive, {999, first.raw, 1}), Error::EmptySlot);
  EXPECT_EQ(root(Operation::RegionGive, {RootSlot::Thread.raw, first.raw, 1}), Error::WrongType);
  EXPECT_EQ(root(Operation::RegionGive, {RootSlot::Region.raw, first.raw, 1}), Error::BadArgument);
  EXPECT_EQ(root(Operation::RegionGive, {child.raw, first.raw, 0}), Error::BadArgument);
  EXPECT_EQ(root(Operation::RegionGive, {child.raw, first.raw, 17}), Error::BadArgument);
  EXPECT_EQ(root(Operation::RegionGive, {child.raw, frame_count - 1, 2}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionGive, {child.raw, 0, 2}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionGive, {child.raw, machine.make_frame(ObjectType::Data).raw, 1}), Error::FrameInUse);
  for (u32 i = 0; i < 64; i += 16) EXPECT_EQ(root(Operation::RegionGive, {child.raw, first.raw + i, 16}), kSuccess);
  EXPECT_EQ(root(Operation::RegionGive, {child.raw, first.raw, 1}), Error::BadFrame);
  EXPECT_EQ(machine(Operation::RegionStatus, child)[0], 64u);
  EXPECT_EQ(machine(Operation::RegionCreate, child, {first.raw, u64(ObjectType::Region), grandchild.raw, 5, 0}).error(), kSuccess);
  EXPECT_EQ(root(Operation::RegionGive, {grandchild.raw, first.raw + 65, 1}), Error::BadArgument);
  EXPECT_EQ(machine(Operation::RegionClose, grandchild).error(), kSuccess);
  EXPECT_EQ(machine(Operation::RegionGive, child, {grandchild.raw, first.raw + 1, 1}).error(), Error::Stale);
  EXPECT_EQ(root(Operation::RegionDestroy, {machine.frame_in(child).raw}), Error::Busy);
}

TEST_F(RegionTest, RevocationIsByEpoch) {
  CapabilitySlot slot = machine.make(ObjectType::Notification), copy = machine.free_slot(), fresh = machine.free_slot();
  FrameNumber frame = machine.frame_in(slot);
  EXPECT_EQ(machine(Operation::CapabilitySpaceInstall, RootSlot::CapabilitySpace, {copy.raw, slot.raw, kAllRights, 5}).error(), kSuccess);
  EXPECT_EQ(root(Operation::RegionRenew, {frame.raw, RootSlot::Thread.raw}), Error::Occupied);
  EXPECT_EQ(root(Operation::RegionRenew, {frame.raw, 0}), Error::BadSlot);
  EXPECT_EQ(root(Operation::RegionRenew, {0, fresh.raw}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionRenew, {machine.spare_frame().raw, fresh.raw}), Error::WrongType);
  EXPECT_EQ(root(Operation::RegionRenew, {frame.raw, fresh.raw}), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationPoll, slot).error(), Error::Stale);
  EXPECT_EQ(machine(Operation::NotificationPoll, copy).error(), Error::Stale);
  EXPECT_EQ(machine(Operation::NotificationPoll, fresh).error(), kSuccess);
  EXPECT_EQ(root(Operation::RegionDestroy, {frame.raw}), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationPoll, fresh).error(), Error::Stale);
  // The same frame again: the old capabilities stay dead.
  CapabilitySlot again = machine.free_slot();
  EXPECT_EQ(create(frame, ObjectType::Notification, again), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationPoll, fresh).error(), Error::Stale);
  EXPECT_EQ(machine(Operation::NotificationPoll, again).error(), kSuccess);
}

TEST_F(RegionTest, ExhaustedEpochRetiresTheFrame) {
  CapabilitySlot slot = machine.make(ObjectType::Notification), fresh = machine.free_slot();
  FrameNumber frame = machine.frame_in(slot);
  epochs[frame.raw] = ~u64{0xffff} - kEpochStep;
  EXPECT_EQ(root(Operation::RegionRenew, {frame.raw, fresh.raw}), Error::Exhausted);
  EXPECT_EQ(root(Operation::RegionDestroy, {frame.raw}), Error::Exhausted);
  FrameNumber untyped = machine.spare_frame();
  epochs[untyped.raw] = ~u64{0xffff} - kEpochStep;
  EXPECT_EQ(create(untyped, ObjectType::Endpoint, fresh), Error::Exhausted);
}

TEST_F(RegionTest, ReuseWaitsForEveryCpu) {
  FrameNumber frame = machine.make_frame(ObjectType::Data);
  cpu_count = 2;
  cpus[1].flushed_generation = flushes.forgotten;
  ASSERT_EQ(root(Operation::RegionDestroy, {frame.raw}), kSuccess);
  EXPECT_EQ(create(frame, ObjectType::Data, kNoSlot), Error::Again);
  EXPECT_EQ(hardware.interruptions, 0u);  // each entry looks at one CPU
  EXPECT_EQ(create(frame, ObjectType::Data, kNoSlot), Error::Again);
  EXPECT_EQ(hardware.interruptions, 1u);
  cpus[1].flushed_generation = current_generation();
  EXPECT_EQ(create(frame, ObjectType::Data, kNoSlot), kSuccess);
}

TEST_F(RegionTest, DestroyAndInspect) {
  FrameNumber data = machine.make_frame(ObjectType::Data), untyped = machine.spare_frame();
  EXPECT_EQ(root(Operation::RegionDestroy, {0}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionDestroy, {frame_count}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionDestroy, {untyped.raw}), Error::FrameInUse);
  EXPECT_EQ(root(Operation::RegionDestroy, {machine.buffer.raw}),
            machine.root().buffer.raw != 0 && info(machine.buffer).owner == machine.region ? Error::Busy : Error::BadFrame);
  Answer seen = machine(Operation::RegionInspect, RootSlot::Region, {data.raw});
  EXPECT_EQ(seen[0], u64(ObjectType::Data));
  EXPECT_EQ(seen[1], machine.region.raw);
  EXPECT_EQ(seen[2], 0u);
  EXPECT_EQ(root(Operation::RegionInspect, {frame_count}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionClose, {}), Error::Closing);  // the first region is for ever
  EXPECT_EQ(root(Operation::RegionReclaim, {data.raw, 0}), Error::BadArgument);
  EXPECT_EQ(root(Operation::RegionReclaim, {data.raw, 65}), Error::BadArgument);
  EXPECT_EQ(root(Operation::RegionReclaim, {0, 1}), Error::BadFrame);
  EXPECT_EQ(root(Operation::RegionReclaim, {frame_count, 1}), Error::BadFrame);
  EXPECT_EQ(info(data).type, ObjectType::Data);
}

TEST_F(RegionTest, ReclaimTellsOfBlockedFramesInFrontOfLongWork) {
  CapabilitySlot child = machine.make(ObjectType::Region, 10);
  FrameNumber first = machine.spare_frames(4);
  ASSERT_EQ(root(Operation::RegionGive, {child.raw, first.raw, 4}), kSuccess);
  // A Data frame in use by the page table behind it: the table needs several steps, and the page is free only after them.
  ASSERT_EQ(machine(Operation::RegionCreate, child, {first.raw, u64(ObjectType::Data), 0, 0, 0}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::RegionCreate, child, {first.raw + 1, u64(ObjectType::PageTable), 0, 0, 0}).error(), kSuccess);
  FrameNumber levels[] = {FrameNumber(first.raw + 1), machine.make_frame(ObjectType::PageTable, 1),
                          machine.make_frame(ObjectType::PageTable, 2)};
  for (u32 i = 3; i-- > 0;)
    ASSERT_EQ(machine(Operation::AddressSpaceLinkTable, RootSlot::AddressSpace, {0, levels[i].raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::AddressSpaceMap, RootSlot::AddressSpace, {child.raw, 0x1000, first.raw, 3}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::RegionClose, child).error(), kSuccess);
  Answer answer = machine(Operation::RegionReclaim, RootSlot::Region, {first.raw, 4});
  EXPECT_EQ(answer[0], 1u);
  EXPECT_EQ(answer[1], 2u);
  EXPECT_TRUE(machine.reclaim_all(RootSlot::Region));
  EXPECT_EQ(info(first).type, ObjectType::Untyped);
}

}  // namespace
}  // namespace pith::host
