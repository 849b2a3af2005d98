// Tables, mappings and shares: who may map what where, and what revoking leaves behind.
#include "kernel/object/address_space.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"

namespace pith::host {
namespace {

class AddressSpaceTest : public testing::Test {
 protected:
  AddressSpaceTest() {
    for (u32 level = 3; level-- > 0;) {
      table[level] = machine.make_frame(ObjectType::PageTable, level);
      EXPECT_EQ(space(Operation::AddressSpaceLinkTable, {0, table[level].raw}), kSuccess);
    }
  }
  ~AddressSpaceTest() override { EXPECT_EQ(broken_invariant(), ""); }

  Error space(Operation operation, std::initializer_list<u64> words) { return machine(operation, RootSlot::AddressSpace, words).error(); }
  Error map(u64 address, FrameNumber frame, u64 access) {
    return space(Operation::AddressSpaceMap, {RootSlot::Region.raw, address, frame.raw, access});
  }

  Machine machine;
  FrameNumber table[3];
};

TEST_F(AddressSpaceTest, LinkTableChecksEverything) {
  FrameNumber leaf = machine.make_frame(ObjectType::PageTable, 0), level2 = machine.make_frame(ObjectType::PageTable, 2);
  auto link = [&](u64 address, FrameNumber which) { return space(Operation::AddressSpaceLinkTable, {address, which.raw}); };
  EXPECT_EQ(link(0x200000, FrameNumber(0)), Error::BadFrame);
  EXPECT_EQ(link(0x200000, machine.make_frame(ObjectType::Data)), Error::WrongType);
  EXPECT_EQ(link(0x200000, machine.top), Error::BadArgument);
  EXPECT_EQ(link(0x200000, table[0]), Error::FrameInUse);
  EXPECT_EQ(link(0x201000, leaf), Error::BadAddress);
  EXPECT_EQ(link(arch::kUserEnd + 0x1000, leaf), Error::BadAddress);
  EXPECT_EQ(link(u64{1} << 47, level2), Error::BadAddress);
  EXPECT_EQ(link(u64{1} << 30, leaf), Error::NoTable);
  EXPECT_EQ(link(0, leaf), Error::Occupied);
  EXPECT_EQ(link(0x200000, leaf), kSuccess);
}

TEST_F(AddressSpaceTest, MapChecksEverything) {
  FrameNumber data = machine.make_frame(ObjectType::Data);
  EXPECT_EQ(space(Operation::AddressSpaceMap, {900, 0x1000, data.raw, 3}), Error::EmptySlot);
  EXPECT_EQ(map(0x1001, data, 3), Error::BadAddress);
  EXPECT_EQ(map(arch::kUserEnd, data, 3), Error::BadAddress);
  EXPECT_EQ(map(~u64{0xfff}, data, 3), Error::BadAddress);
  EXPECT_EQ(map(0x200000, data, 3), Error::NoTable);
  for (u64 access : {0, 2, 4, 6, 7, 8}) EXPECT_EQ(map(0x1000, data, access), Error::BadArgument);  // never writable and executable
  EXPECT_EQ(map(0x1000, FrameNumber(0), 3), Error::BadFrame);
  EXPECT_EQ(map(0x1000, FrameNumber(frame_count), 3), Error::BadFrame);
  EXPECT_EQ(map(0x1000, table[0], 3), Error::BadFrame);
  CapabilitySlot child = machine.make(ObjectType::Region, 5);
  EXPECT_EQ(space(Operation::AddressSpaceMap, {child.raw, 0x1000, data.raw, 3}), Error::NoTable);  // the leaf table is not the child's
  EXPECT_EQ(map(0x1000, data, 3), kSuccess);
  EXPECT_EQ(map(0x1000, data, 3), Error::Occupied);
  EXPECT_EQ(map(0x2000, data, 5), kSuccess);
  EXPECT_EQ(info(data).uses, 2u);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {data.raw}).error(), Error::Busy);

  Answer seen = machine(Operation::AddressSpaceQuery, RootSlot::AddressSpace, {0x2000});
  EXPECT_EQ(seen[0], data.raw);
  EXPECT_EQ(seen[1], 5u);
  EXPECT_EQ(space(Operation::AddressSpaceQuery, {0x3000}), Error::NotMapped);
  EXPECT_EQ(space(Operation::AddressSpaceQuery, {0x200000}), Error::NoTable);
  EXPECT_EQ(space(Operation::AddressSpaceQuery, {1}), Error::BadAddress);
  EXPECT_EQ(space(Operation::AddressSpaceProtect, {RootSlot::Region.raw, 0x3000, 1}), Error::NotMapped);
  EXPECT_EQ(space(Operation::AddressSpaceProtect, {RootSlot::Region.raw, 0x2000, 7}), Error::BadArgument);
  // All 64 bits of the word count.
  EXPECT_EQ(space(Operation::AddressSpaceProtect, {RootSlot::Region.raw, 0x2000, u64{1} << 32 | 1}), Error::BadArgument);
  u64 flushes = hardware.page_flushes;
  EXPECT_EQ(space(Operation::AddressSpaceProtect, {RootSlot::Region.raw, 0x2000, 1}), kSuccess);
  EXPECT_EQ(hardware.page_flushes, flushes + 1);
  EXPECT_EQ(machine(Operation::AddressSpaceQuery, RootSlot::AddressSpace, {0x2000})[1], 1u);

  EXPECT_EQ(space(Operation::AddressSpaceUnmap, {RootSlot::Region.raw, 0x3000}), Error::NotMapped);
  EXPECT_EQ(machine(Operation::AddressSpaceUnmap, RootSlot::AddressSpace, {RootSlot::Region.raw, 0x1000})[0], data.raw);
  EXPECT_EQ(hardware.page_flushes, flushes + 2);
  EXPECT_EQ(space(Operation::AddressSpaceUnmap, {RootSlot::Region.raw, 0x2000}), kSuccess);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {data.raw}).error(), kSuccess);
  EXPECT_EQ(space(Operation::AddressSpaceFlush, {}), kSuccess);
}

TEST_F(AddressSpaceTest, ShareIsFilledLinkedAndTakenAway) {
  CapabilitySlot share = machine.make(ObjectType::Share), weak = machine.free_slot();
  FrameNumber data = machine.make_frame(ObjectType::Data);
  auto fill = [&](u64 index, FrameNumber frame, u64 access) {
    return machine(Operation::ShareMap, share, {index, frame.raw, access}).error();
  };
  EXPECT_EQ(fill(512, data, 3), Error::BadArgument);
  EXPECT_EQ(fill(0, data, 5), Error::BadArgument);  // never executable
  EXPECT_EQ(fill(0, machine.spare_frame(), 3), Error::BadFrame);
  EXPECT_EQ(fill(7, data, 1), kSuccess);
  EXPECT_EQ(fill(7, data, 1), Error::Occupied);
  EXPECT_EQ(machine(Operation::ShareUnmap, share, {512}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::ShareUnmap, share, {8}).error(), Error::NotMapped);
  EXPECT_EQ(machine(Operation::ShareRevoke, share).error(), Error::NotMapped);

  auto link = [&](u64 address, CapabilitySlot which) { return space(Operation::AddressSpaceLinkShare, {address, which.raw}); };
  machine.grant(weak, machine.frame_in(share), right::Share::Map);
  EXPECT_EQ(link(0x200000, weak), Error::MissingRight);
  EXPECT_EQ(link(0x201000, share), Error::BadAddress);
  EXPECT_EQ(link(u64{1} << 30, share), Error::NoTable);
  EXPECT_EQ(link(0, share), Error::Occupied);
  EXPECT_EQ(link(0x200000, share), kSuccess);
  EXPECT_EQ(link(0x400000, share), Error::FrameInUse);
  EXPECT_EQ(machine(Operation::AddressSpaceQuery, RootSlot::AddressSpace, {0x207000})[0], data.raw);
  // What lies in a share is not the receiver's to change.
  EXPECT_EQ(space(Operation::AddressSpaceUnmap, {RootSlot::Region.raw, 0x207000}), Error::NoTable);
  EXPECT_EQ(map(0x208000, data, 3), Error::NoTable);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(space(Operation::AddressSpaceUnlinkShare, {0}), Error::WrongType);
  EXPECT_EQ(space(Operation::AddressSpaceUnlinkShare, {0x400000}), Error::NotMapped);
  EXPECT_EQ(space(Operation::AddressSpaceUnlinkShare, {u64{1} << 30}), Error::NoTable);
  EXPECT_EQ(space(Operation::AddressSpaceUnlinkShare, {0x1000}), Error::BadAddress);
  EXPECT_EQ(space(Operation::AddressSpaceUnlinkShare, {0x200000}), kSuccess);
  EXPECT_EQ(space(Operation::AddressSpaceQuery, {0x207000}), Error::NoTable);
  EXPECT_EQ(link(0x200000, share), kSuccess);
  EXPECT_EQ(machine(Operation::ShareRevoke, share).error(), kSuccess);
  EXPECT_EQ(space(Operation::AddressSpaceQuery, {0x207000}), Error::NoTable);
  EXPECT_EQ(machine(Operation::ShareUnmap, share, {7}).error(), kSuccess);
  EXPECT_EQ(info(data).uses, 0u);
}

TEST_F(AddressSpaceTest, SpareTableTakesARevokedSharesPlace) {
  FrameNumber spare = machine.make_frame(ObjectType::PageTable, 0);
  CapabilitySlot receiver = machine.make(ObjectType::AddressSpace, spare.raw);
  FrameNumber upper[] = {machine.make_frame(ObjectType::PageTable, 2), machine.make_frame(ObjectType::PageTable, 1)};
  for (FrameNumber frame : upper) ASSERT_EQ(machine(Operation::AddressSpaceLinkTable, receiver, {0, frame.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::AddressSpaceLinkTable, receiver, {0x600000, spare.raw}).error(), Error::FrameInUse);
  CapabilitySlot share[] = {machine.make(ObjectType::Share), machine.make(ObjectType::Share)};
  for (u64 i = 0; i < 2; i++) ASSERT_EQ(machine(Operation::AddressSpaceLinkShare, receiver, {i << 21, share[i].raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::ShareRevoke, share[0]).error(), kSuccess);
  EXPECT_EQ(info(spare).uses, 1u);
  EXPECT_EQ(broken_invariant(), "");
  // The owner of the other one dies.
  for (u32 i = 0; i < 10 && info(machine.frame_in(share[1])).type == ObjectType::Share; i++)
    (void)machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(share[1]).raw});
  EXPECT_EQ(info(spare).uses, 2u);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {spare.raw}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::AddressSpaceUnlinkShare, receiver, {0}).error(), Error::WrongType);
  // A fresh share may be linked where the spare table stands.
  EXPECT_EQ(machine(Operation::AddressSpaceLinkShare, receiver, {0, share[0].raw}).error(), kSuccess);
  EXPECT_EQ(info(spare).uses, 1u);
  EXPECT_EQ(broken_invariant(), "");
  for (u32 i = 0; i < 60; i++) (void)machine(Operation::RegionDestroy, RootSlot::Region, {upper[1].raw});
  EXPECT_EQ(info(upper[1]).type, ObjectType::Untyped);
  EXPECT_EQ(info(spare).uses, 0u);
  EXPECT_EQ(info(machine.frame_in(share[0])).parent.raw, 0u);
}

TEST_F(AddressSpaceTest, SpaceThatGoesStopsItsThreads) {
  CapabilitySlot own = machine.make(ObjectType::AddressSpace);
  Made thread = machine.make_thread(10);
  (void)machine(Operation::ThreadStop, thread.slot);
  ASSERT_EQ(machine(Operation::ThreadConfigure, thread.slot, {own.raw, RootSlot::CapabilitySpace.raw, 0, 0, 0, 0}).error(), kSuccess);
  (void)machine(Operation::ThreadResume, thread.slot);
  FrameNumber frame = machine.frame_in(own), top_table = view<AddressSpace>(frame).top;
  for (Error error : {Error::Again, Error::Again, kSuccess})
    EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw}).error(), error);
  EXPECT_EQ((*thread).state, ThreadState::Inactive);
  EXPECT_EQ(machine(Operation::ThreadResume, thread.slot).error(), Error::NotConfigured);
  EXPECT_EQ(machine(Operation::AddressSpaceFlush, own).error(), Error::Stale);
  for (u32 i = 0; i < 60; i++) (void)machine(Operation::RegionDestroy, RootSlot::Region, {top_table.raw});
  EXPECT_EQ(info(top_table).type, ObjectType::Untyped);
}

}  // namespace
}  // namespace pith::host
