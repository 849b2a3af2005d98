// Taking objects apart: in steps, with operations in between, and with everything linked that can be.
#include "kernel/object/dismantle.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/address_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"

namespace pith::host {
namespace {

Answer destroy(Machine& machine, FrameNumber frame) { return machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw}); }

void destroy_all(Machine& machine, FrameNumber frame) {
  for (u32 i = 0; i < 60 && info(frame).type != ObjectType::Untyped; i++) (void)destroy(machine, frame);
  EXPECT_EQ(info(frame).type, ObjectType::Untyped);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Dismantle, HalfACapabilitySpaceTakesNoTables) {
  Machine machine;
  CapabilitySlot space = machine.make(ObjectType::CapabilitySpace);
  CapabilitySlot table = machine.make(ObjectType::CapabilityTable);
  FrameNumber frame = machine.frame_in(space);
  ASSERT_EQ(destroy(machine, frame).error(), Error::Again);
  EXPECT_EQ(machine(Operation::CapabilitySpaceLink, space, {0, table.raw}).error(), Error::Closing);
  destroy_all(machine, frame);
  EXPECT_EQ(info(machine.frame_in(table)).parent.raw, 0u);
}

TEST(Dismantle, HalfAPageTableIsNotLinked) {
  Machine machine;
  FrameNumber table = machine.make_frame(ObjectType::PageTable, 2);
  ASSERT_EQ(destroy(machine, table).error(), Error::Again);
  EXPECT_EQ(machine(Operation::AddressSpaceLinkTable, RootSlot::AddressSpace, {0, table.raw}).error(), Error::FrameInUse);
  destroy_all(machine, table);
}

TEST(Dismantle, HalfAShareTakesNoPages) {
  Machine machine;
  CapabilitySlot share = machine.make(ObjectType::Share);
  FrameNumber data = machine.make_frame(ObjectType::Data);
  ASSERT_EQ(machine(Operation::ShareMap, share, {500, data.raw, 3}).error(), kSuccess);
  FrameNumber frame = machine.frame_in(share);
  ASSERT_EQ(destroy(machine, frame).error(), Error::Again);
  EXPECT_EQ(machine(Operation::ShareMap, share, {0, data.raw, 3}).error(), Error::Busy);
  EXPECT_EQ(destroy(machine, data).error(), Error::Busy);
  destroy_all(machine, frame);
  EXPECT_EQ(destroy(machine, data).error(), kSuccess);
}

TEST(Dismantle, ServerWithManyWaitingCallersGoes) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(10);
  ASSERT_EQ(machine(Operation::EndpointBind, endpoint, {server.slot.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::ThreadStop, server.slot).error(), kSuccess);
  // More callers than one step unparks, all with more urgent time than the one who destroys: their time is parked on the server again at
  // each exit.
  for (u32 i = 0; i < 7; i++) {
    Made caller = machine.make_thread(60);
    EXPECT_FALSE(machine.call(*caller, endpoint).returned);
  }
  for (u32 i = 0; i < 10 && info(server.frame).type == ObjectType::Thread; i++) {
    (void)destroy(machine, server.frame);
    machine.advance(100'000);
  }
  EXPECT_EQ(info(server.frame).type, ObjectType::Untyped);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Dismantle, EndpointTellsItsCallers) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(20);
  Made first = machine.make_thread(20), second = machine.make_thread(20), third = machine.make_thread(20);
  machine.serve(server, endpoint);
  EXPECT_FALSE(machine.call(*first, endpoint).returned);
  Answer token = machine.invoke(*server, Operation::EndpointSetAside, endpoint);
  EXPECT_EQ(token.error(), kSuccess);
  EXPECT_FALSE(machine.call(*second, endpoint).returned);
  machine.invoke(*server, Operation::EndpointReceive, endpoint);
  EXPECT_FALSE(machine.call(*third, endpoint).returned);
  EXPECT_EQ(broken_invariant(), "");
  destroy_all(machine, machine.frame_in(endpoint));
  for (const Made& caller : {first, second, third}) EXPECT_EQ(machine.answer_of(*caller).error(), Error::Cancelled);
}

TEST(Dismantle, FaultedThreadStaysStoppedWhenItsHandlerGoes) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made thread = machine.make_thread(20);
  (void)machine(Operation::ThreadStop, thread.slot);
  ASSERT_EQ(machine(Operation::ThreadConfigure, thread.slot, {2, 3, 0, endpoint.raw, 9, 0}).error(), kSuccess);
  (void)machine(Operation::ThreadResume, thread.slot);
  machine.fault(*thread, FaultKind::Memory, 0x123, 2);
  EXPECT_EQ((*thread).state, ThreadState::Calling);
  destroy_all(machine, machine.frame_in(endpoint));
  EXPECT_EQ((*thread).state, ThreadState::Inactive);
}

TEST(Dismantle, RegionTreeWithEverythingInItComesBack) {
  Machine machine;
  CapabilitySlot region = machine.free_slot();
  FrameNumber region_frame = machine.spare_frame();
  ASSERT_EQ(machine(Operation::RegionCreate, RootSlot::Region, {region_frame.raw, u64(ObjectType::Region), region.raw, 40, 0}).error(),
            kSuccess);
  u32 first = machine.spare_frames(64).raw;
  u64 before = view<Region>(machine.region).frames;
  for (u32 i = 0; i < 64; i += 16)
    ASSERT_EQ(machine(Operation::RegionGive, RootSlot::Region, {region.raw, first + i, 16}).error(), kSuccess);
  EXPECT_EQ(view<Region>(machine.region).frames, before - 64);

  u32 next = first;
  auto make = [&](ObjectType type, CapabilitySlot slot, u64 argument = 0, u64 second = 0) {
    Answer answer = machine(Operation::RegionCreate, region, {next, u64(type), slot.raw, argument, second});
    EXPECT_EQ(u32(answer.error()), 0u) << u32(type);
    return FrameNumber(next++);
  };
  CapabilitySlot child(400), space(401), capabilities(402), table(403), thread(404), context(405), endpoint(406), notification(407),
      share(408), guest(409), vector(410);
  make(ObjectType::Region, child, 10);
  ASSERT_EQ(machine(Operation::RegionGive, region, {child.raw, first + 50, 10}).error(), kSuccess);
  for (u32 i = 0; i < 5; i++)
    EXPECT_EQ(machine(Operation::RegionCreate, child, {first + 50 + i, u64(ObjectType::Endpoint), 420 + i, 0, 0}).error(), kSuccess);
  FrameNumber spare = make(ObjectType::PageTable, kNoSlot, 0);
  make(ObjectType::AddressSpace, space, spare.raw, make(ObjectType::PageTable, kNoSlot, 3).raw);
  FrameNumber levels[] = {make(ObjectType::PageTable, kNoSlot, 0), make(ObjectType::PageTable, kNoSlot, 1),
                          make(ObjectType::PageTable, kNoSlot, 2)};
  for (u32 i = 3; i-- > 0;)
    ASSERT_EQ(machine(Operation::AddressSpaceLinkTable, space, {0x400000 & ~((u64{1} << (21 + 9 * i)) - 1), levels[i].raw}).error(),
              kSuccess);
  FrameNumber data = make(ObjectType::Data, kNoSlot), buffer = make(ObjectType::Data, kNoSlot), registers = make(ObjectType::Data, kNoSlot);
  ASSERT_EQ(machine(Operation::AddressSpaceMap, space, {region.raw, 0x400000, data.raw, 3}).error(), kSuccess);
  make(ObjectType::Share, share);
  ASSERT_EQ(machine(Operation::ShareMap, share, {1, data.raw, 1}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::AddressSpaceLinkShare, space, {0x600000, share.raw}).error(), kSuccess);
  make(ObjectType::CapabilitySpace, capabilities);
  make(ObjectType::CapabilityTable, table);
  ASSERT_EQ(machine(Operation::CapabilitySpaceLink, capabilities, {3, table.raw}).error(), kSuccess);
  FrameNumber thread_frame = make(ObjectType::Thread, thread, 10);
  make(ObjectType::SchedulingContext, context);
  ASSERT_EQ(machine(Operation::SchedulingContextConfigure, context, {5, 1'000'000, 2'000'000, 0}).error(), kSuccess);
  make(ObjectType::Endpoint, endpoint);
  make(ObjectType::Notification, notification);
  make(ObjectType::Guest, guest);
  make(ObjectType::VectorState, vector);
  ASSERT_EQ(machine(Operation::ThreadConfigure, thread, {space.raw, capabilities.raw, buffer.raw, endpoint.raw, 0, 0}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::SchedulingContextBind, context, {thread.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::NotificationBind, notification, {thread.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::EndpointBind, endpoint, {thread.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::GuestConfigure, guest, {space.raw, registers.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::ThreadSetVectorState, thread, {vector.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::ThreadStart, thread, {0x1000, 0x2000, 0, 0}).error(), kSuccess);
  ASSERT_EQ(view<Thread>(thread_frame).state, ThreadState::Ready);
  EXPECT_EQ(broken_invariant(), "");

  EXPECT_EQ(machine(Operation::RegionClose, region).error(), kSuccess);
  EXPECT_EQ(machine(Operation::RegionStatus, region).error(), Error::Stale);
  EXPECT_EQ(machine(Operation::RegionCreate, RootSlot::Region, {first + 45, u64(ObjectType::Data), 0, 0, 0}).error(), Error::Closing);
  EXPECT_TRUE(machine.reclaim_all(RootSlot::Region, 10, [] { return broken_invariant().empty(); }));
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(view<Region>(region_frame).frames, 0u);
  EXPECT_EQ(view<Region>(machine.region).frames, before);
  for (u32 i = 0; i < 64; i++) EXPECT_EQ(frames[first + i].type, ObjectType::Untyped) << i;
  for (u32 slot = 400; slot < 411; slot++) EXPECT_FALSE(machine.capability(CapabilitySlot(slot)).is_live());
  EXPECT_EQ(destroy(machine, region_frame).error(), kSuccess);
}

}  // namespace
}  // namespace pith::host
