// Who takes over on the time in use is found without charging it and without setting the hardware timer, and only where that time is still the first.
#include <gtest/gtest.h>

#include "kernel/arch/host/hardware.h"
#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"

namespace pith::host {
namespace {

/// A thread whose faults a server of lower priority handles, and one of higher priority that waits at a notification.
struct Faulting {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint), event = machine.make(ObjectType::Notification);
  Made server = machine.make_thread(20);
  Made thread = machine.make_thread(60);
  Made higher = machine.make_thread(62);

  Faulting() {
    machine.serve(server, endpoint);
    EXPECT_FALSE(machine.invoke(*higher, Operation::NotificationWait, event).returned);
    (*thread).fault = machine.capability(endpoint);
    machine.switch_to(*thread);
    cpus[0].reschedule = true;
    machine.timer_interrupt();
    EXPECT_EQ(machine.running(), &*thread);
  }
  const SchedulingContext& time() { return view<SchedulingContext>(thread.context_frame); }
  void fault() { machine.fault(*thread, FaultKind::Memory, 0x5000, 2); }
};

TEST(SameTime, FaultIsHandledOnTheTimeOfWhoFaulted) {
  Faulting system;
  Machine& machine = system.machine;
  u64 timer = hardware.timer, accounted = cpus[0].last_accounted, left = system.time().left;
  hardware.now += 3'000;
  system.fault();
  ASSERT_EQ(machine.running(), &*system.server);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_FALSE(machine.reply_receive(*system.server, system.endpoint, {0x6000}).returned);
  ASSERT_EQ(machine.running(), &*system.thread);
  EXPECT_EQ((*system.thread).registers.instruction(), 0x6000u);
  EXPECT_EQ(cpus[0].context, system.thread.context_frame);
  EXPECT_EQ(hardware.timer, timer);
  EXPECT_EQ(cpus[0].last_accounted, accounted);
  EXPECT_EQ(broken_invariant(), "");
  // All of it is charged when the turn ends.
  machine.timer_interrupt();
  EXPECT_EQ(system.time().left, left - 3'000);
}

TEST(SameTime, HigherTimeThatBecomesReadyComesFirst) {
  Faulting system;
  Machine& machine = system.machine;
  system.fault();
  ASSERT_EQ(machine.running(), &*system.server);
  u64 left = system.time().left;
  hardware.now += 3'000;
  signal_notification(machine.object<Notification>(system.event), 1);
  EXPECT_FALSE(machine.reply_receive(*system.server, system.endpoint, {0x6000}).returned);
  EXPECT_EQ(machine.running(), &*system.higher);
  EXPECT_EQ((*system.thread).state, ThreadState::Ready);
  EXPECT_EQ(system.time().left, left - 3'000);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(SameTime, TimeWhoseChainCannotRunIsChargedAndParked) {
  Faulting system;
  Machine& machine = system.machine;
  EXPECT_EQ(machine(Operation::ThreadStop, system.server.slot).error(), kSuccess);
  machine.switch_to(*system.thread);
  u64 left = system.time().left;
  hardware.now += 3'000;
  system.fault();
  EXPECT_EQ(machine.running(), &machine.root());
  EXPECT_EQ(system.time().left, left - 3'000);
  EXPECT_EQ(system.time().place, Whereabouts::Parked);
  EXPECT_EQ(broken_invariant(), "");
}

}  // namespace
}  // namespace pith::host
