// Budgets that no period of time exceeds, shares of regions, deadlines of calls in progress, and threads that several CPUs help.
#include "kernel/sched/budget.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/memory/flush.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/sched/scheduler.h"

namespace pith::host {
namespace {

constexpr u64 kMicrosecond = 1'000, kMillisecond = 1'000'000;
/// How much longer than asked a turn may last: the timer wheel's tick.
constexpr u64 kTick = u64{1} << kTimerTickShift;

u64 sum_of(const SchedulingContext& context) {
  u64 sum = context.left;
  for (u32 i = 0; i < context.pending_count; i++) sum += context.pending[(context.first_pending + i) % kReplenishments].amount;
  return sum;
}

class BudgetTest : public testing::Test {
 protected:
  ~BudgetTest() override { EXPECT_EQ(broken_invariant(), ""); }

  void park_root() { machine.invoke(machine.root(), Operation::NotificationWait, idle); }
  Error configure(const Made& made, u64 priority, u64 budget, u64 period, u64 cpu = 0) {
    (void)machine(Operation::SchedulingContextUnbind, made.context);
    Error error = machine(Operation::SchedulingContextConfigure, made.context, {priority, budget, period, cpu}).error();
    if (error == kSuccess) error = machine(Operation::SchedulingContextBind, made.context, {made.slot.raw}).error();
    return error;
  }

  Machine machine;
  CapabilitySlot idle = machine.make(ObjectType::Notification);
};

TEST_F(BudgetTest, NoPeriodSeesMoreThanTheBudget) {
  constexpr u64 kBudget = 2 * kMillisecond, kPeriod = 10 * kMillisecond;
  Made limited = machine.make_thread(20), rival = machine.make_thread(30);
  ASSERT_EQ(configure(limited, 20, kBudget, kPeriod), kSuccess);
  CapabilitySlot event = machine.make(ObjectType::Notification);
  park_root();
  const SchedulingContext& context = view<SchedulingContext>(limited.context_frame);
  std::mt19937_64 random(5);
  std::deque<std::pair<u64, u64>> seen;  // (time, used so far)
  u64 grants = 0;
  for (u32 i = 0; i < 20'000; i++) {
    // The rival takes the CPU at random, so that turns are cut into pieces.
    if (random() % 2 == 0 && (*rival).state == ThreadState::Ready && machine.running() == &*rival)
      machine.invoke(*rival, Operation::NotificationWait, event, {hardware.now + random() % (3 * kMillisecond) + 1});
    machine.advance(random() % (300 * kMicrosecond) + 1);
    machine.timer_interrupt();
    EXPECT_EQ(sum_of(context), kBudget);
    seen.push_back({hardware.now, context.used});
    while (seen.front().first + kPeriod < hardware.now) seen.pop_front();
    ASSERT_LE(context.used - seen.front().second, kBudget + kTick) << "step " << i;
    grants = hardware.now / kPeriod + 1;
    ASSERT_LE(context.used + context.left, grants * kBudget + kTick);
  }
  EXPECT_GT(context.used, grants * kBudget / 3);
}

TEST_F(BudgetTest, WhatATurnOverranIsPaidBack) {
  Made limited = machine.make_thread(20);
  ASSERT_EQ(configure(limited, 20, kMillisecond, 10 * kMillisecond), kSuccess);
  park_root();
  machine.advance(9 * kMillisecond + kTick);
  ASSERT_EQ(machine.running(), &*limited);
  u64 start = hardware.now;
  hardware.now += 3 * kMillisecond;  // the timer's interrupt comes late
  machine.timer_interrupt();
  const SchedulingContext& context = view<SchedulingContext>(limited.context_frame);
  EXPECT_EQ(machine.running(), nullptr);
  EXPECT_GE(context.debt, kMillisecond);
  machine.advance_to(start + 60 * kMillisecond);
  EXPECT_LE(context.used, 6 * kMillisecond + kTick);
  EXPECT_EQ(context.debt, 0u);
}

TEST_F(BudgetTest, NewBudgetsBeginEmpty) {
  Made thread = machine.make_thread(20);
  Thread& other = *machine.make_thread(60);
  park_root();
  for (u32 i = 0; i < 10; i++) {
    (void)machine.invoke(other, Operation::SchedulingContextUnbind, thread.context);
    ASSERT_EQ(machine.invoke(other, Operation::SchedulingContextConfigure, thread.context, {63, kMillisecond, 10 * kMillisecond, 0}).error(),
              kSuccess);
    ASSERT_EQ(machine.invoke(other, Operation::SchedulingContextBind, thread.context, {thread.slot.raw}).error(), kSuccess);
    machine.advance(5 * kMillisecond);
  }
  EXPECT_EQ(view<SchedulingContext>(thread.context_frame).used, 0u);
}

TEST_F(BudgetTest, HostileComponentTakesNoMoreThanItsShare) {
  CapabilitySlot region = machine.make(ObjectType::Region, 60);
  auto share = [&](u64 value) { return machine(Operation::RegionShareTime, RootSlot::Region, {region.raw, value}).error(); };
  EXPECT_EQ(share(kWholeCpu * kMaximumCpus + 1), Error::BadArgument);
  ASSERT_EQ(share(kWholeCpu / 5), kSuccess);
  constexpr u32 kFramesGiven = 400;
  FrameNumber first = machine.spare_frames(kFramesGiven);
  for (u32 i = 0; i < kFramesGiven; i += 16)
    ASSERT_EQ(machine(Operation::RegionGive, RootSlot::Region, {region.raw, first.raw + i, 16}).error(), kSuccess);
  u32 next = first.raw, refused = 0;
  auto make = [&](ObjectType type, CapabilitySlot slot, u64 argument) {
    ASSERT_EQ(machine(Operation::RegionCreate, region, {next++, u64(type), slot.raw, argument, 0}).error(), kSuccess);
  };
  std::vector<FrameNumber> contexts;
  for (u32 i = 0; i < 150; i++) {
    CapabilitySlot thread = machine.free_slot(), context = machine.free_slot();
    make(ObjectType::Thread, thread, 60);
    make(ObjectType::SchedulingContext, context, 0);
    u64 budget = 20 * kMicrosecond + i * kMicrosecond / 4;
    Error error = machine(Operation::SchedulingContextConfigure, context, {60, budget, 10 * kMillisecond, 0}).error();
    if (error != kSuccess) {
      EXPECT_EQ(error, Error::Limit);
      refused++;
      continue;
    }
    ASSERT_EQ(machine(Operation::ThreadConfigure, thread, {2, 3, 0, 0, 0, 0}).error(), kSuccess);
    ASSERT_EQ(machine(Operation::SchedulingContextBind, context, {thread.raw}).error(), kSuccess);
    ASSERT_EQ(machine(Operation::ThreadStart, thread, {0x1000, 0x2000, 0, 0}).error(), kSuccess);
    contexts.push_back(machine.frame_in(context));
  }
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(share(100), Error::Busy);
  // Neither a context without limit nor a region of its own gets it more.
  CapabilitySlot whole = machine.free_slot(), inner = machine.free_slot();
  make(ObjectType::SchedulingContext, whole, 0);
  EXPECT_EQ(machine(Operation::SchedulingContextConfigure, whole, {1, kMillisecond, kMillisecond, 0}).error(), Error::Limit);
  make(ObjectType::Region, inner, 60);
  EXPECT_EQ(machine(Operation::RegionShareTime, region, {inner.raw, kWholeCpu / 2}).error(), Error::Limit);
  EXPECT_EQ(machine(Operation::RegionShareTime, RootSlot::Region, {inner.raw, 1}).error(), Error::BadArgument);

  u64 start = hardware.now;
  for (u32 i = 0; i < 200; i++) machine.advance(kMillisecond);
  machine.timer_interrupt();
  u64 used = 0;
  for (FrameNumber context : contexts) used += view<SchedulingContext>(context).used;
  u64 passed = hardware.now - start;
  EXPECT_LE(used, passed / 5 + passed / 100);
  EXPECT_GT(used, passed / 8);
  // What goes gives its share back.
  u64 given = view<Region>(machine.frame_in(region)).time_given;
  u64 of_one = view<SchedulingContext>(contexts[0]).share;
  ASSERT_EQ(machine(Operation::RegionDestroy, region, {contexts[0].raw}).error(), Error::Again);
  ASSERT_EQ(machine(Operation::RegionDestroy, region, {contexts[0].raw}).error(), kSuccess);
  EXPECT_EQ(view<Region>(machine.frame_in(region)).time_given, given - of_one);
}

TEST_F(BudgetTest, AClientWithLittleTimeStallsNobody) {
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(5), poor = machine.make_thread(40), rich = machine.make_thread(30);
  machine.serve(server, endpoint);
  ASSERT_EQ(configure(poor, 40, 10 * kMicrosecond, 100 * kMillisecond), kSuccess);
  park_root();
  machine.advance(100 * kMillisecond);
  if (machine.running() != &*poor) machine.switch_to(*poor);
  EXPECT_FALSE(machine.call(*poor, endpoint).returned);
  machine.advance(20 * kMicrosecond);
  machine.switch_to(*rich);
  EXPECT_FALSE(machine.call(*rich, endpoint).returned);
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, rich.context_frame);
}

TEST_F(BudgetTest, DeadlineOfACallInProgressSignalsTheServer) {
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint), notification = machine.make(ObjectType::Notification);
  Made server = machine.make_thread(60), client = machine.make_thread(40);
  machine.serve(server, endpoint);
  ASSERT_EQ(machine(Operation::NotificationBind, notification, {server.slot.raw}).error(), kSuccess);
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6, 0, hardware.now + kMillisecond).returned);
  EXPECT_EQ(broken_invariant(), "");
  machine.advance(2 * kMillisecond);
  EXPECT_EQ((*client).state, ThreadState::WaitingForReply);
  EXPECT_EQ(machine.object<Notification>(notification).bits, kCallCancelled);
  // Set aside, it waits for its answer as before; interrupting ends it.
  ASSERT_EQ(machine.invoke(*server, Operation::EndpointSetAside, endpoint).error(), kSuccess);
  EXPECT_TRUE(Status{machine.invoke(*server, Operation::EndpointReceive, endpoint).status}.is_signals());
  EXPECT_EQ(machine(Operation::ThreadInterrupt, client.slot).error(), kSuccess);
  EXPECT_EQ(machine.answer_of(*client).error(), Error::Cancelled);
  // The deadline of a call that was set aside ends it.
  EXPECT_FALSE(machine.invoke(*server, Operation::EndpointReceive, endpoint).returned);
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6, 0, hardware.now + kMillisecond).returned);
  ASSERT_EQ(machine.invoke(*server, Operation::EndpointSetAside, endpoint).error(), kSuccess);
  EXPECT_EQ(broken_invariant(), "");
  machine.advance(2 * kMillisecond);
  EXPECT_EQ(machine.answer_of(*client).error(), Error::TimedOut);
  // Interrupting a client whose call is handled signals the server, and is remembered.
  EXPECT_FALSE(machine.invoke(*server, Operation::EndpointReceive, endpoint).returned);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_EQ(machine(Operation::ThreadInterrupt, client.slot).error(), kSuccess);
  EXPECT_EQ(machine.object<Notification>(notification).bits, kCallCancelled);
  machine.invoke(*server, Handle::operation(u32(Operation::EndpointReplyReceive), endpoint));
  EXPECT_EQ(machine.answer_of(*client).error(), kSuccess);
  EXPECT_EQ(machine.call(*client, endpoint).error(), Error::Cancelled);
}

/// What the scheduler of a CPU does at the end of an entry there.
void enter_on(u32 cpu) {
  hardware.cpu = cpu;
  timer_interrupted(cpus[cpu]);
  schedule(cpus[cpu]);
  hardware.cpu = 0;
}

TEST_F(BudgetTest, TimeOfAnotherCpuWaitsForAThreadThatRuns) {
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(5), here = machine.make_thread(40), there = machine.make_thread(40);
  machine.serve(server, endpoint);
  cpus[1].self = &cpus[1];
  end_idleness(cpus[1]);
  cpu_count = 2;
  cpus[1].last_accounted = hardware.now;
  ASSERT_EQ(configure(there, 40, kMillisecond, kMillisecond, 1), kSuccess);
  enter_on(1);
  ASSERT_EQ(cpus[1].current, &*there);
  EXPECT_FALSE(machine.call(*here, endpoint).returned);
  park_root();
  ASSERT_EQ(cpus[0].current, &*server);
  // The other CPU's thread calls the server that runs here.
  (*there).caller_badge = Badge();
  hardware.cpu = 1;
  ASSERT_TRUE(begin_call(machine.frame_in(endpoint), *there, Badge()));
  schedule(cpus[1]);
  hardware.cpu = 0;
  EXPECT_EQ(cpus[1].current, nullptr);
  EXPECT_EQ(view<SchedulingContext>(there.context_frame).parked_on, server.frame);
  EXPECT_EQ(broken_invariant(), "");
  u64 before = hardware.interruptions;
  // It answers and takes the next call: that one's time is on the other CPU.
  machine.reply_receive(*server, endpoint);
  EXPECT_EQ((*server).client, there.frame);
  EXPECT_GT(hardware.interruptions, before);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(cpus[0].current, &*here);
  enter_on(1);
  EXPECT_EQ(cpus[1].current, &*server);
  EXPECT_EQ(cpus[1].context, there.context_frame);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Budget, StatusCountsTheTurnInProgress) {
  Machine machine;
  auto status = [&] { return machine(Operation::SchedulingContextStatus, RootSlot::SchedulingContext); };
  Answer before = status();
  hardware.now += 5'000;
  Answer after = status();
  EXPECT_EQ(after[0], before[0] + 5'000);
  EXPECT_EQ(after[1], before[1] - 5'000);
  EXPECT_EQ(machine(Operation::ThreadStatus, RootSlot::Thread)[2], after[0]);
  hardware.now += 2 * Machine::kTurn;  // longer than the turn: the timer has not come yet
  EXPECT_EQ(status()[1], 0u);
  EXPECT_EQ(status()[0], before[0] + 5'000 + 2 * Machine::kTurn);
}

}  // namespace
}  // namespace pith::host
