// Threads, notifications, guests and vector registers: configuring, starting, stopping, waiting.
#include "kernel/object/thread.h"

#include <gtest/gtest.h>

#include "abi/guest.h"
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/guest.h"
#include "kernel/object/notification.h"
#include "kernel/object/vector_state.h"

namespace pith::host {
namespace {

class ThreadTest : public testing::Test {
 protected:
  ~ThreadTest() override { EXPECT_EQ(broken_invariant(), ""); }
  Machine machine;
};

TEST_F(ThreadTest, ConfigureChecksEverything) {
  CapabilitySlot thread = machine.make(ObjectType::Thread, 10);
  auto configure = [&](u64 space, u64 capabilities, u64 buffer, u64 fault, u64 badge, u64 window) {
    return machine(Operation::ThreadConfigure, thread, {space, capabilities, buffer, fault, badge, window}).error();
  };
  EXPECT_EQ(machine(Operation::ThreadStart, thread, {0, 0, 0, 0}).error(), Error::NotConfigured);
  EXPECT_EQ(machine(Operation::ThreadResume, thread).error(), Error::NotConfigured);
  EXPECT_EQ(configure(900, 3, 0, 0, 0, 0), Error::EmptySlot);
  EXPECT_EQ(configure(3, 3, 0, 0, 0, 0), Error::WrongType);
  EXPECT_EQ(configure(2, 2, 0, 0, 0, 0), Error::WrongType);
  EXPECT_EQ(configure(2, 3, 0, 2, 0, 0), Error::WrongType);
  EXPECT_EQ(configure(2, 3, machine.spare_frame().raw, 0, 0, 0), Error::BadFrame);
  EXPECT_EQ(configure(2, 3, frame_count, 0, 0, 0), Error::BadFrame);
  EXPECT_EQ(configure(2, 3, 0, 0, u64{1} << 32, 0), Error::BadArgument);
  EXPECT_EQ(configure(2, 3, 0, 0, 0, 512 * 256 - 3), Error::BadArgument);
  FrameNumber buffer = machine.make_frame(ObjectType::Data);
  EXPECT_EQ(configure(2, 3, buffer.raw, 0, 0, 0), kSuccess);
  EXPECT_EQ(configure(2, 3, buffer.raw, 0, 0, 0), kSuccess);
  EXPECT_EQ(info(buffer).uses, 1u);
  EXPECT_EQ(machine(Operation::ThreadStart, thread, {arch::kUserEnd, 0, 0, 0}).error(), Error::BadAddress);
  EXPECT_EQ(machine(Operation::ThreadStart, thread, {0, arch::kUserEnd + 1, 0, 0}).error(), Error::BadAddress);
  EXPECT_EQ(machine(Operation::ThreadStart, thread, {0, 0, arch::kUserEnd, 0}).error(), Error::BadAddress);
  EXPECT_EQ(machine(Operation::ThreadStart, thread, {0x1000, 0x2000, 0x3000, 9}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::ThreadStart, thread, {0x1000, 0x2000, 0x3000, 9}).error(), Error::BadState);
  EXPECT_EQ(machine(Operation::ThreadResume, thread).error(), Error::BadState);
  EXPECT_EQ(configure(2, 3, 0, 0, 0, 0), Error::BadState);
  EXPECT_EQ(machine(Operation::ThreadReadRegisters, thread, {0}).error(), Error::BadState);
  EXPECT_EQ(machine(Operation::ThreadStop, thread).error(), kSuccess);
  EXPECT_EQ(machine(Operation::ThreadReadRegisters, thread, {kRegisters}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::ThreadReadRegisters, thread, {u64(Register::Rip)})[0], 0x1000u);
  EXPECT_EQ(machine(Operation::ThreadReadRegisters, thread, {u64(Register::Rdi)})[0], 9u);
  EXPECT_EQ(machine(Operation::ThreadWriteRegister, thread, {kRegisters, 0}).error(), Error::BadArgument);
  EXPECT_EQ(machine(Operation::ThreadWriteRegister, thread, {u64(Register::Rip), arch::kUserEnd}).error(), Error::BadAddress);
  EXPECT_EQ(machine(Operation::ThreadWriteRegister, thread, {u64(Register::Rflags), ~u64{0}}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::ThreadReadRegisters, thread, {u64(Register::Rflags)})[0], arch::kUserFlags | arch::kFixedFlags);
  EXPECT_EQ(machine(Operation::ThreadSetPointer, thread, {arch::kUserEnd}).error(), Error::BadAddress);
  EXPECT_EQ(machine(Operation::ThreadSetPointer, thread, {0x5000}).error(), kSuccess);
  EXPECT_EQ(machine.object<Thread>(thread).pointer, 0x5000u);
  EXPECT_EQ(machine(Operation::ThreadStatus, thread)[0], u64(ThreadState::Inactive));
}

TEST_F(ThreadTest, RegistersOfAThreadInASystemCallAreNotWritten) {
  Made thread = machine.make_thread(60);
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  machine.invoke(*thread, Operation::NotificationWait, notification);
  (void)machine(Operation::ThreadStop, thread.slot);
  EXPECT_EQ(machine(Operation::ThreadWriteRegister, thread.slot, {u64(Register::Rax), 1}).error(), Error::BadState);
  EXPECT_EQ(machine.object<Notification>(notification).waiter.raw, 0u);
  EXPECT_EQ(machine(Operation::ThreadResume, thread.slot).error(), kSuccess);
  EXPECT_EQ(machine.answer_of(*thread).error(), Error::Cancelled);
}

TEST_F(ThreadTest, NoThreadDestroysItself) {
  Made thread = machine.make_thread(60);
  EXPECT_EQ(machine.invoke(*thread, Operation::RegionDestroy, RootSlot::Region, {thread.frame.raw}).error(), Error::Busy);
  EXPECT_EQ(machine.running(), &*thread);
}

TEST_F(ThreadTest, NotificationsCollectBits) {
  CapabilitySlot notification = machine.make(ObjectType::Notification), badged = machine.free_slot();
  machine.grant(badged, machine.frame_in(notification), right::Notification::Signal, Badge(0x10));
  EXPECT_EQ(machine(Operation::NotificationSignal, badged, {1}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationSignal, notification, {1}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationPoll, badged).error(), Error::MissingRight);
  EXPECT_EQ(machine(Operation::NotificationPoll, notification)[0], 0x11u);
  EXPECT_EQ(machine(Operation::NotificationPoll, notification)[0], 0u);
  (void)machine(Operation::NotificationSignal, notification, {6});
  EXPECT_EQ(machine(Operation::NotificationWait, notification)[0], 6u);

  Made waiter = machine.make_thread(60), other = machine.make_thread(60);
  EXPECT_FALSE(machine.invoke(*waiter, Operation::NotificationWait, notification).returned);
  EXPECT_EQ(machine.invoke(*other, Operation::NotificationWait, notification).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::NotificationBind, notification, {other.slot.raw}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::NotificationSignal, notification, {0}).error(), kSuccess);
  EXPECT_EQ((*waiter).state, ThreadState::Waiting);
  EXPECT_EQ(machine(Operation::ThreadInterrupt, waiter.slot).error(), kSuccess);
  EXPECT_EQ(machine.answer_of(*waiter).error(), Error::Cancelled);
  EXPECT_EQ(machine(Operation::NotificationBind, notification, {other.slot.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationBind, notification, {other.slot.raw}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::NotificationBind, notification, {notification.raw}).error(), Error::WrongType);
  EXPECT_EQ(machine(Operation::NotificationWait, notification).error(), Error::BadState);
  EXPECT_EQ(machine(Operation::NotificationBind, notification, {0}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::ThreadInterrupt, other.slot).error(), kSuccess);
  EXPECT_EQ(machine.invoke(*other, Operation::NotificationWait, notification).error(), Error::Cancelled);
}

TEST_F(ThreadTest, GuestLives) {
  CapabilitySlot guest = machine.make(ObjectType::Guest), space = machine.make(ObjectType::AddressSpace);
  FrameNumber page = machine.make_frame(ObjectType::Data);
  Made thread = machine.make_thread(60), other = machine.make_thread(60);
  EXPECT_EQ(machine.invoke(*thread, Handle::run_guest(guest)).error(), Error::NotConfigured);
  EXPECT_EQ(machine(Operation::GuestConfigure, guest, {900, page.raw}).error(), Error::EmptySlot);
  EXPECT_EQ(machine(Operation::GuestConfigure, guest, {space.raw, machine.spare_frame().raw}).error(), Error::BadFrame);
  EXPECT_EQ(machine(Operation::GuestConfigure, guest, {space.raw, page.raw}).error(), kSuccess);
  EXPECT_EQ(info(page).uses, 1u);
  EXPECT_FALSE(machine.invoke(*thread, Handle::run_guest(guest)).returned);
  EXPECT_EQ(hardware.root, machine.object<Guest>(guest).root);
  EXPECT_EQ(machine.invoke(*other, Handle::run_guest(guest)).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::GuestConfigure, guest, {space.raw, page.raw}).error(), Error::Busy);
  EXPECT_EQ(broken_invariant(), "");
  machine.guest_system_call(*thread);
  EXPECT_EQ(machine.answer_of(*thread)[0], u64(GuestExit::SystemCall));
  EXPECT_FALSE(machine.invoke(*thread, Handle::run_guest(guest)).returned);
  machine.fault(*thread, FaultKind::Memory, 0x777, 6);
  Answer answer = machine.answer_of(*thread);
  EXPECT_EQ(answer[0], u64(GuestExit::Fault));
  EXPECT_EQ(answer[2], 0x777u);
  EXPECT_FALSE(machine.invoke(*thread, Handle::run_guest(guest)).returned);
  (void)machine(Operation::ThreadInterrupt, thread.slot);
  machine.switch_to(*thread);
  machine.timer_interrupt();
  EXPECT_EQ(machine.answer_of(*thread)[0], u64(GuestExit::Interrupted));
  (void)machine(Operation::ThreadInterrupt, thread.slot);
  EXPECT_EQ(machine.invoke(*thread, Handle::run_guest(guest)).error(), Error::Cancelled);
  // An instruction pointer outside the user half comes back as a fault.
  view<DataPage>(page).words[offsetof(GuestRegisters, rip) / 8] = arch::kUserEnd;
  EXPECT_EQ(machine.invoke(*thread, Handle::run_guest(guest))[0], u64(GuestExit::Fault));
  view<DataPage>(page).words[offsetof(GuestRegisters, rip) / 8] = 0x1000;
  // Another thread may run it now, and the guest may go while it is inside.
  EXPECT_FALSE(machine.invoke(*other, Handle::run_guest(guest)).returned);
  EXPECT_EQ((*thread).guest.raw, 0u);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(guest).raw}).error(), Error::Again);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(guest).raw}).error(), kSuccess);
  EXPECT_EQ((*other).words.w[0], u64(GuestExit::Interrupted));
  EXPECT_EQ(info(page).uses, 0u);
}

TEST_F(ThreadTest, VectorRegistersFollowTheirUser) {
  CapabilitySlot one = machine.make(ObjectType::VectorState), two = machine.make(ObjectType::VectorState);
  Made thread = machine.make_thread(60), other = machine.make_thread(60);
  FrameNumber page = machine.make_frame(ObjectType::Data);
  EXPECT_FALSE(load_vector_state(*thread));
  EXPECT_EQ(machine(Operation::ThreadSetVectorState, thread.slot, {one.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::ThreadSetVectorState, other.slot, {one.raw}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::ThreadSetVectorState, other.slot, {two.raw}).error(), kSuccess);
  EXPECT_TRUE(load_vector_state(*thread));
  hardware.vector.raw[10] = 111;
  EXPECT_TRUE(load_vector_state(*other));
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(hardware.vector.raw[10], 0u);
  hardware.vector.raw[10] = 222;
  EXPECT_EQ(machine(Operation::VectorStateSave, two, {page.raw}).error(), kSuccess);
  EXPECT_EQ(view<DataPage>(page).words[10], 222u);
  EXPECT_EQ(machine(Operation::VectorStateSave, two, {machine.spare_frame().raw}).error(), Error::WrongType);
  EXPECT_EQ(machine(Operation::VectorStateSave, two, {frame_count}).error(), Error::BadFrame);
  view<DataPage>(page).words[3] = ~u64{0};
  EXPECT_EQ(machine(Operation::VectorStateLoad, one, {page.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::VectorStateLoad, one, {frame_count}).error(), Error::BadFrame);
  EXPECT_TRUE(load_vector_state(*thread));
  EXPECT_EQ(hardware.vector.raw[10], 222u);
  EXPECT_EQ(hardware.vector.raw[3] & 0xffff'0000, 0u);
  EXPECT_EQ(machine(Operation::VectorStateCopy, two, {one.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::VectorStateCopy, two, {RootSlot::Region.raw}).error(), Error::WrongType);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(one).raw}).error(), kSuccess);
  EXPECT_EQ((*thread).vector_state.raw, 0u);
}

TEST(Thread, ServerOfAStoppedClientForgetsIt) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(20), client = machine.make_thread(20);
  ASSERT_EQ(machine(Operation::EndpointBind, endpoint, {server.slot.raw}).error(), kSuccess);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_TRUE(machine.invoke(*server, Operation::EndpointReceive, endpoint).returned);
  ASSERT_NE((*server).key & Key::kSlowReply, 0u);  // it took the call from the queue, on time of its own
  machine.switch_to(machine.root());
  EXPECT_EQ(machine(Operation::ThreadStop, client.slot).error(), kSuccess);
  EXPECT_EQ((*server).client.raw, 0u);
  EXPECT_EQ((*server).key & Key::kSlowReply, 0u);
  EXPECT_EQ(broken_invariant(), "");
}

}  // namespace
}  // namespace pith::host
