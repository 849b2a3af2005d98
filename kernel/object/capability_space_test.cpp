// Installing, removing and inspecting capabilities; linking tables.
#include "kernel/object/capability_space.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"

namespace pith::host {
namespace {

TEST(CapabilitySpace, LinkChecksEverything) {
  Machine machine;
  CapabilitySlot space = machine.make(ObjectType::CapabilitySpace), table = machine.make(ObjectType::CapabilityTable);
  CapabilitySlot other = machine.make(ObjectType::CapabilityTable), weak = machine.free_slot();
  machine.grant(weak, machine.frame_in(other), kAllRights & ~right::CapabilityTable::Link);
  auto link = [&](u64 index, CapabilitySlot which) { return machine(Operation::CapabilitySpaceLink, space, {index, which.raw}).error(); };
  EXPECT_EQ(link(512, table), Error::BadArgument);
  EXPECT_EQ(link(0, weak), Error::MissingRight);
  EXPECT_EQ(link(0, RootSlot::Region), Error::WrongType);
  EXPECT_EQ(link(0, CapabilitySlot(900)), Error::EmptySlot);
  EXPECT_EQ(link(511, table), kSuccess);
  EXPECT_EQ(link(511, other), Error::Occupied);
  EXPECT_EQ(link(3, table), Error::FrameInUse);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(table).raw}).error(), kSuccess);
  EXPECT_EQ(link(511, other), kSuccess);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(CapabilitySpace, InstallOnlyNarrows) {
  Machine machine;
  CapabilitySlot source = machine.make(ObjectType::Endpoint), narrow(800), badged(801), free(802);
  auto install = [&](CapabilitySlot to, CapabilitySlot from, u64 rights, u64 badge) {
    return machine(Operation::CapabilitySpaceInstall, RootSlot::CapabilitySpace, {to.raw, from.raw, rights, badge}).error();
  };
  EXPECT_EQ(install(RootSlot::Region, source, kAllRights, 0), Error::Occupied);
  EXPECT_EQ(install(kNoSlot, source, kAllRights, 0), Error::BadSlot);
  EXPECT_EQ(install(CapabilitySlot(256 * 9), source, kAllRights, 0), Error::BadSlot);
  EXPECT_EQ(install(CapabilitySlot(512 * 256), source, kAllRights, 0), Error::BadSlot);
  EXPECT_EQ(install(narrow, free, kAllRights, 0), Error::EmptySlot);
  EXPECT_EQ(install(narrow, source, kAllRights + 1, 0), Error::BadArgument);
  EXPECT_EQ(install(narrow, source, kAllRights, u64{1} << 32), Error::BadArgument);
  EXPECT_EQ(install(narrow, source, right::Endpoint::Call, 0), kSuccess);
  EXPECT_EQ(machine.capability(narrow).rights(), right::Endpoint::Call);
  EXPECT_EQ(install(free, narrow, kAllRights, 1), Error::MissingRight);
  EXPECT_EQ(install(free, narrow, kAllRights, 0), kSuccess);
  EXPECT_EQ(machine.capability(free).rights(), right::Endpoint::Call);
  EXPECT_EQ(install(badged, source, kAllRights, 9), kSuccess);
  EXPECT_EQ(install(CapabilitySlot(803), badged, kAllRights, 8), Error::MissingRight);
  Answer seen = machine(Operation::CapabilitySpaceInspect, RootSlot::CapabilitySpace, {badged.raw});
  EXPECT_EQ(seen[0], u64(ObjectType::Endpoint));
  EXPECT_EQ(seen[1], kAllRights);
  EXPECT_EQ(seen[2], 9u);
  EXPECT_EQ(seen[3], 1u);
  ASSERT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(source).raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::CapabilitySpaceInspect, RootSlot::CapabilitySpace, {badged.raw})[3], 0u);
  EXPECT_EQ(install(CapabilitySlot(803), badged, kAllRights, 0), Error::Stale);
  EXPECT_EQ(machine(Operation::CapabilitySpaceRemove, RootSlot::CapabilitySpace, {badged.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::CapabilitySpaceRemove, RootSlot::CapabilitySpace, {badged.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::CapabilitySpaceRemove, RootSlot::CapabilitySpace, {256 * 9}).error(), Error::BadSlot);
  EXPECT_EQ(machine(Operation::CapabilitySpaceInspect, RootSlot::CapabilitySpace, {badged.raw}).error(), Error::EmptySlot);
  EXPECT_EQ(machine(Operation::CapabilitySpaceInspect, RootSlot::CapabilitySpace, {256 * 9}).error(), Error::BadSlot);
}

}  // namespace
}  // namespace pith::host
