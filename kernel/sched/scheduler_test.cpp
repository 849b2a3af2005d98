// Who runs when: priorities, turns, budgets, helping, deadlines, by a clock that the test sets.
#include "kernel/sched/scheduler.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"

namespace pith::host {
namespace {

constexpr u64 kMillisecond = 1'000'000;

/// Takes the root thread out of the way: it waits for ever.
void park_root(Machine& machine) {
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  machine.invoke(machine.root(), Operation::NotificationWait, notification);
}

TEST(Scheduler, HighestPriorityRuns) {
  Machine machine;
  Made low = machine.make_thread(10), high = machine.make_thread(30), middle = machine.make_thread(20);
  EXPECT_EQ(machine.running(), &machine.root());
  park_root(machine);
  EXPECT_EQ(machine.running(), &*high);
  machine.invoke(*high, Operation::ThreadStop, high.slot);
  EXPECT_EQ(machine.running(), &*middle);
  machine.invoke(*middle, Operation::ThreadResume, high.slot);
  EXPECT_EQ(machine.running(), &*high);
  machine.invoke(*high, Operation::ThreadStop, high.slot);
  machine.invoke(*middle, Operation::ThreadStop, middle.slot);
  EXPECT_EQ(machine.running(), &*low);
  machine.invoke(*low, Operation::ThreadStop, low.slot);
  EXPECT_EQ(machine.running(), nullptr);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, EqualPrioritiesTakeTurns) {
  Machine machine;
  Made threads[] = {machine.make_thread(10), machine.make_thread(10), machine.make_thread(10)};
  park_root(machine);
  u32 turns[3] = {};
  for (u32 i = 0; i < 30; i++) {
    for (u32 which = 0; which < 3; which++) turns[which] += machine.running() == &*threads[which];
    machine.advance(Machine::kTurn);
    EXPECT_EQ(broken_invariant(), "");
  }
  for (u32 count : turns) EXPECT_EQ(count, 10u);
}

TEST(Scheduler, YieldGivesTheTurnOn) {
  Machine machine;
  Made one = machine.make_thread(10), other = machine.make_thread(10);
  park_root(machine);
  ASSERT_EQ(machine.running(), &*one);
  machine.invoke(*one, Operation::SystemYield, kNoSlot);
  EXPECT_EQ(machine.running(), &*other);
  machine.invoke(*other, Operation::SystemYield, kNoSlot);
  EXPECT_EQ(machine.running(), &*one);
}

TEST(Scheduler, BudgetBoundsAThread) {
  Machine machine;
  Made hungry = machine.make_thread(30);
  machine.make_thread(10);
  (void)machine(Operation::SchedulingContextUnbind, hungry.context);
  ASSERT_EQ(machine(Operation::SchedulingContextConfigure, hungry.context, {30, 2 * kMillisecond, 10 * kMillisecond, 0}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::SchedulingContextBind, hungry.context, {hungry.slot.raw}).error(), kSuccess);
  park_root(machine);
  u64 hungry_time = 0;
  for (u32 i = 0; i < 1000; i++) {
    if (machine.running() == &*hungry) hungry_time++;
    machine.advance(kMillisecond / 10);
  }
  EXPECT_GE(hungry_time, 180u);
  EXPECT_LE(hungry_time, 230u);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, ExhaustedTimeThatIsBoundAgainIsReplenished) {
  Machine machine;
  Made thread = machine.make_thread(30), other = machine.make_thread(10);
  (void)machine(Operation::SchedulingContextUnbind, thread.context);
  (void)machine(Operation::SchedulingContextConfigure, thread.context, {30, kMillisecond, 10 * kMillisecond, 0});
  (void)machine(Operation::SchedulingContextBind, thread.context, {thread.slot.raw});
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  machine.invoke(machine.root(), Operation::NotificationWait, notification);
  machine.advance(2 * kMillisecond);
  ASSERT_EQ(machine.running(), &*other);
  ASSERT_EQ(machine.object<SchedulingContext>(thread.context).left, 0u);
  EXPECT_EQ(machine.invoke(*other, Operation::SchedulingContextUnbind, thread.context).error(), kSuccess);
  EXPECT_EQ(machine.invoke(*other, Operation::SchedulingContextBind, thread.context, {thread.slot.raw}).error(), kSuccess);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(machine.running(), &*other);  // unbinding and binding is no way to more time
  machine.advance(20 * kMillisecond);
  EXPECT_GT(machine.object<SchedulingContext>(thread.context).used, kMillisecond);
}

TEST(Scheduler, WaitingCallerHelpsTheServer) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(5), client = machine.make_thread(30), busy = machine.make_thread(20);
  machine.serve(server, endpoint);
  park_root(machine);
  ASSERT_EQ(machine.running(), &*client);
  EXPECT_FALSE(machine.call(*client, endpoint, {1}).returned);
  // The server runs on the client's time, before the thread of priority 20.
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, client.context_frame);
  machine.advance(kMillisecond);
  machine.timer_interrupt();
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_GE(machine.object<SchedulingContext>(client.context).used, kMillisecond);
  EXPECT_EQ(machine.object<SchedulingContext>(server.context).used, 0u);
  machine.reply_receive(*server, endpoint, {2});
  EXPECT_EQ(machine.running(), &*client);
  EXPECT_EQ(machine.answer_of(*client)[0], 2u);
  machine.invoke(*client, Operation::ThreadStop, client.slot);
  EXPECT_EQ(machine.running(), &*busy);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, HelpGoesAlongAChainAndComesBack) {
  Machine machine;
  constexpr u32 kLinks = 6;
  CapabilitySlot doors[kLinks];
  Made servers[kLinks];
  for (u32 i = 0; i < kLinks; i++) {
    doors[i] = machine.make(ObjectType::Endpoint);
    servers[i] = machine.make_thread(2);
    machine.serve(servers[i], doors[i]);
  }
  Made client = machine.make_thread(40);
  machine.make_thread(20);
  park_root(machine);
  EXPECT_FALSE(machine.call(*client, doors[0]).returned);
  for (u32 i = 0; i + 1 < kLinks; i++) {
    ASSERT_EQ(machine.running(), &*servers[i]);
    EXPECT_FALSE(machine.call(*servers[i], doors[i + 1]).returned);
    EXPECT_EQ(cpus[0].context, client.context_frame);
    EXPECT_EQ(broken_invariant(), "");
  }
  for (u32 i = kLinks; i-- > 0;) {
    ASSERT_EQ(machine.running(), &*servers[i]);
    machine.reply_receive(*servers[i], doors[i], {i});
  }
  EXPECT_EQ(machine.running(), &*client);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, HelpParksOnABlockedServerAndWakesWithIt) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint), notification = machine.make(ObjectType::Notification);
  Made server = machine.make_thread(5), client = machine.make_thread(30), busy = machine.make_thread(20);
  machine.serve(server, endpoint);
  park_root(machine);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_FALSE(machine.invoke(*server, Operation::NotificationWait, notification).returned);
  EXPECT_EQ(machine.running(), &*busy);
  EXPECT_EQ(broken_invariant(), "");
  machine.invoke(*busy, Operation::NotificationSignal, notification, {4});
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(machine.answer_of(*server)[0], 4u);
  EXPECT_EQ(cpus[0].context, client.context_frame);
}

TEST(Scheduler, SlowReplyHandsTheTimeBack) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(5), client = machine.make_thread(30);
  machine.serve(server, endpoint);
  park_root(machine);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  ASSERT_EQ(machine.running(), &*server);
  // The server answers and goes on, as far as its next entry: whatever that is, the time is the client's again.
  Handle reply = Handle::message(u32(Operation::EndpointReplyMessage), endpoint, 6, 0);
  machine.invoke(*server, reply, {});
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ((*client).state, ThreadState::Ready);
  EXPECT_EQ(broken_invariant(), "");
  machine.invoke(*server, Operation::SystemNull, kNoSlot);
  EXPECT_EQ(machine.running(), &*client);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, TimeLentAfterAReplyEndsWithTheTurn) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(5), client = machine.make_thread(30);
  machine.serve(server, endpoint);
  park_root(machine);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  machine.invoke(*server, Handle::message(u32(Operation::EndpointReplyMessage), endpoint, 6, 0), {});
  ASSERT_EQ(machine.running(), &*server);
  machine.timer_interrupt();
  EXPECT_EQ(machine.running(), &*client);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, NextCallIsNotServedOnTheLastClientsTime) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(5), urgent = machine.make_thread(30), other = machine.make_thread(10);
  machine.serve(server, endpoint);
  EXPECT_FALSE(machine.call(*urgent, endpoint).returned);
  EXPECT_FALSE(machine.call(*other, endpoint).returned);
  park_root(machine);
  ASSERT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, urgent.context_frame);
  // The reply goes the slow way because another call waits; the server has that one now, but the first client's time is its own again.
  machine.reply_receive(*server, endpoint);
  EXPECT_EQ((*server).client, other.frame);
  EXPECT_EQ(machine.running(), &*urgent);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, DeadlinesEndWaits) {
  Machine machine;
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  Made thread = machine.make_thread(60);
  u64 start = hardware.now;
  EXPECT_EQ(machine.invoke(*thread, Operation::NotificationWait, notification, {start}).error(), Error::TimedOut);
  EXPECT_FALSE(machine.invoke(*thread, Operation::NotificationWait, notification, {start + 5 * kMillisecond}).returned);
  machine.advance_to(start + 4 * kMillisecond);
  EXPECT_EQ((*thread).state, ThreadState::Waiting);
  EXPECT_EQ(broken_invariant(), "");
  machine.advance_to(start + 6 * kMillisecond);
  EXPECT_EQ(machine.answer_of(*thread).error(), Error::TimedOut);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Scheduler, TheLastDeadlineIsFarAway) {
  Machine machine;
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  for (u64 deadline : {~u64{0}, ~u64{0} - 4095, u64{1} << 63, u64{1} << 60, u64{1} << 40}) {
    Made thread = machine.make_thread(60);
    EXPECT_FALSE(machine.invoke(*thread, Operation::NotificationWait, notification, {deadline}).returned) << deadline;
    EXPECT_EQ(broken_invariant(), "");
    (void)machine(Operation::ThreadStop, thread.slot);
    EXPECT_EQ(broken_invariant(), "");
  }
}

TEST(Scheduler, ManyDeadlinesFireInTime) {
  Machine machine;
  constexpr u32 kThreads = 40;
  Made threads[kThreads];
  u64 deadlines[kThreads];
  u64 start = hardware.now;
  for (u32 i = 0; i < kThreads; i++) {
    threads[i] = machine.make_thread(10);
    deadlines[i] = start + u64{i * 7919 % 1000 + 1} * 1'000'003;
    CapabilitySlot own = machine.make(ObjectType::Notification);
    EXPECT_FALSE(machine.invoke(*threads[i], Operation::NotificationWait, own, {deadlines[i]}).returned);
  }
  for (u64 at = start; at < start + 1100 * kMillisecond; at += 3'300'000) {
    machine.advance_to(at);
    for (u32 i = 0; i < kThreads; i++) {
      if (deadlines[i] + 4096 < at) EXPECT_NE((*threads[i]).state, ThreadState::Waiting) << i << " at " << at;
      if (deadlines[i] > at) EXPECT_EQ((*threads[i]).state, ThreadState::Waiting) << i << " at " << at;
    }
  }
  EXPECT_EQ(broken_invariant(), "");
}

TEST(SchedulingContext, Errors) {
  Machine machine;
  CapabilitySlot context = machine.make(ObjectType::SchedulingContext), thread = machine.make(ObjectType::Thread, 10);
  auto configure = [&](u64 priority, u64 budget, u64 period, u64 cpu) {
    return machine(Operation::SchedulingContextConfigure, context, {priority, budget, period, cpu}).error();
  };
  EXPECT_EQ(machine(Operation::SchedulingContextBind, context, {thread.raw}).error(), Error::NotConfigured);
  EXPECT_EQ(configure(64, kMillisecond, kMillisecond, 0), Error::BadArgument);
  EXPECT_EQ(configure(1, kMillisecond, kMillisecond, 1), Error::BadArgument);
  EXPECT_EQ(configure(1, kMillisecond, kMillisecond, 64), Error::BadArgument);
  EXPECT_EQ(configure(1, 2 * kMillisecond, kMillisecond, 0), Error::BadArgument);
  EXPECT_EQ(configure(1, 1, kMillisecond, 0), Error::BadArgument);
  EXPECT_EQ(configure(1, kMillisecond, u64{1} << 40, 0), Error::BadArgument);
  EXPECT_EQ(configure(1, kMillisecond, kMillisecond, 0), kSuccess);
  EXPECT_EQ(machine(Operation::SchedulingContextUnbind, context).error(), Error::BadState);
  EXPECT_EQ(machine(Operation::SchedulingContextBind, context, {context.raw}).error(), Error::WrongType);
  EXPECT_EQ(machine(Operation::SchedulingContextBind, context, {900}).error(), Error::EmptySlot);
  EXPECT_EQ(machine(Operation::SchedulingContextBind, context, {RootSlot::Thread.raw}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::SchedulingContextBind, context, {thread.raw}).error(), kSuccess);
  EXPECT_EQ(configure(1, kMillisecond, kMillisecond, 0), Error::Busy);
  EXPECT_EQ(machine(Operation::SchedulingContextBind, context, {thread.raw}).error(), Error::Busy);
  Answer status = machine(Operation::SchedulingContextStatus, context);
  EXPECT_EQ(status[0], 0u);
  EXPECT_EQ(status[1], kMillisecond);
}

}  // namespace
}  // namespace pith::host
