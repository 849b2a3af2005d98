// The fast path leaves the same state as the slow one, and what it carried can be delivered again.
#include "kernel/ipc/fast.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"

namespace pith::host {
namespace {

/// A client, a server that waits at an endpoint, and nothing in the way of the fast path.
struct Pair {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  CapabilitySlot badged = machine.free_slot();
  Made server = machine.make_thread(60);
  Made client = machine.make_thread(60);

  Pair() {
    machine.grant(badged, machine.frame_in(endpoint), kAllRights, Badge(77));
    machine.serve(server, endpoint);
  }
};

/// Nobody but the pair has work to do.
void park_root(Pair& pair) {
  CapabilitySlot never = pair.machine.make(ObjectType::Notification);
  EXPECT_FALSE(pair.machine(Operation::NotificationWait, never, {0}).returned);
}

/// What of a thread's state does not depend on the way it came about: the fast path leaves alone what a Ready thread's fields do not mean.
void expect_same(const Thread& one, const Thread& other) {
  EXPECT_EQ(one.key, other.key);
  EXPECT_EQ(one.state, other.state);
  EXPECT_EQ(one.client, other.client);
  EXPECT_EQ(one.callee, other.callee);
  EXPECT_EQ(one.endpoint, other.endpoint);
  if (one.state != ThreadState::Ready) EXPECT_EQ(one.waiting_at, other.waiting_at);
  if (one.state == ThreadState::WaitingForReply) {
    EXPECT_EQ(std::memcmp(&one.words, &other.words, sizeof one.words), 0);
    EXPECT_EQ(one.caller_badge, other.caller_badge);
  }
}

TEST(FastPath, CallAndReplyAsTheSlowPath) {
  Thread after_call[2][2], after_reply[2][2];
  for (int slow = 0; slow < 2; slow++) {
    Pair pair;
    Machine& machine = pair.machine;
    auto keep = [&](Thread(&into)[2]) {
      into[0] = *pair.client;
      into[1] = *pair.server;
    };
    auto call = Handle::operation(u32(Operation::EndpointCall), pair.badged);
    auto reply = Handle::operation(u32(Operation::EndpointReplyReceive), pair.endpoint);
    Words sent{{1, 2, 3, 4, 5, 6}};
    EXPECT_FALSE(machine.invoke(*pair.client, slow ? call : Handle::call(pair.badged), sent).returned);
    EXPECT_EQ(machine.running(), &*pair.server);
    Answer received = machine.answer_of(*pair.server);
    EXPECT_EQ(received.status, 77u | u64{6} << 32);
    for (u32 i = 0; i < 6; i++) EXPECT_EQ(received[i], i + 1);
    EXPECT_EQ(broken_invariant(), "");
    keep(after_call[slow]);
    EXPECT_FALSE(machine.invoke(*pair.server, slow ? reply : Handle::reply_receive(pair.endpoint), Words{{9, 8, 7, 6, 5, 4}}).returned);
    EXPECT_EQ(machine.running(), &*pair.client);
    Answer answer = machine.answer_of(*pair.client);
    EXPECT_EQ(answer.status, u64{6} << 32);
    EXPECT_EQ(answer[0], 9u);
    EXPECT_EQ(answer[5], 4u);
    EXPECT_EQ(broken_invariant(), "");
    keep(after_reply[slow]);
  }
  for (int which = 0; which < 2; which++) {
    expect_same(after_call[0][which], after_call[1][which]);
    expect_same(after_reply[0][which], after_reply[1][which]);
  }
}

/// A bit of the handle that means nothing, and that the fast path of long messages does not take.
constexpr u64 kSlowBit = u64{1} << 63;

/// A long call, its reply, and the receive after it. What each step left is appended to `after`.
void long_round_trip(Pair& pair, u32 length, u64 slow, std::vector<Thread>& after) {
  Machine& machine = pair.machine;
  auto message = [&](Operation operation, CapabilitySlot slot) { return Handle{Handle::message(u32(operation), slot, length, 0).raw | slow}; };
  auto& sent = view<DataPage>(pair.client.buffer).words;
  auto& received = view<DataPage>(pair.server.buffer).words;
  for (u32 i = 0; i < 80; i++) sent[i] = 100 + i;
  for (u32 i = 0; i < 80; i++) received[i] = 1;
  EXPECT_FALSE(machine.invoke(*pair.client, message(Operation::EndpointCallMessage, pair.badged), Words{{1, 2, 3, 4, 5, 6}}).returned);
  ASSERT_EQ(machine.running(), &*pair.server);
  Answer call = machine.answer_of(*pair.server);
  EXPECT_EQ(call.status, 77u | u64{length} << 32);
  EXPECT_EQ(call[5], 6u);
  for (u32 i = 6; i < 80; i++) EXPECT_EQ(received[i], i < length ? 100 + i : 1) << i;
  EXPECT_EQ(broken_invariant(), "");
  after.push_back(*pair.client);
  after.push_back(*pair.server);
  for (u32 i = 6; i < 80; i++) received[i] = 200 + i;
  Answer replied = machine.invoke(*pair.server, message(Operation::EndpointReplyMessage, pair.endpoint), Words{{9, 8, 7, 6, 5, 4}});
  EXPECT_EQ((*pair.client).state, ThreadState::Ready);
  EXPECT_EQ(broken_invariant(), "");
  if (replied.returned) EXPECT_EQ(replied.status, 0u);
  EXPECT_FALSE(machine.invoke(*pair.server, Handle{Handle::operation(u32(Operation::EndpointReceive), pair.endpoint).raw | slow}).returned);
  EXPECT_EQ(machine.running(), &*pair.client);
  Answer answer = machine.answer_of(*pair.client);
  EXPECT_EQ(answer.status, u64{length} << 32);
  EXPECT_EQ(answer[0], 9u);
  EXPECT_EQ(answer[5], 4u);
  for (u32 i = 6; i < 80; i++) EXPECT_EQ(sent[i], i < length ? 200 + i : 100 + i) << i;
  EXPECT_EQ(broken_invariant(), "");
  after.push_back(*pair.client);
  after.push_back(*pair.server);
}

TEST(FastPath, LongMessagesAsTheSlowPath) {
  for (u32 length : {0u, 1u, 6u, 7u, 8u, 9u, 10u, 13u, 14u, 21u, 63u, 64u}) {
    std::vector<Thread> after[2];
    for (int slow = 0; slow < 2; slow++) {
      Pair pair;
      if (pair.machine.running() != &*pair.client) park_root(pair);
      long_round_trip(pair, length, slow ? kSlowBit : 0, after[slow]);
    }
    ASSERT_EQ(after[0].size(), after[1].size());
    for (size_t i = 0; i < after[0].size(); i++) expect_same(after[0][i], after[1][i]);
  }
}

TEST(FastPath, LongMessagesNeedBuffersAndALength) {
  Pair pair;
  Machine& machine = pair.machine;
  EXPECT_EQ(machine.call_message(*pair.client, pair.badged, 65).error(), Error::BadArgument);
  detach_thread(*pair.client);
  attach_thread(*pair.client, machine.space, machine.capabilities, FrameNumber());
  EXPECT_EQ(machine.call_message(*pair.client, pair.badged, 10).error(), Error::NotConfigured);
  EXPECT_FALSE(machine.call_message(*pair.client, pair.badged, 6).returned);
  // The reply is cut down to what the client can take.
  machine.invoke(*pair.server, Handle::message(u32(Operation::EndpointReplyMessage), pair.endpoint, 10, 0), {});
  machine.invoke(*pair.server, Operation::EndpointReceive, pair.endpoint);
  EXPECT_EQ(machine.answer_of(*pair.client).status, u64{6} << 32);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(FastPath, CallIsDeliveredAgainAfterACrash) {
  Pair pair;
  Machine& machine = pair.machine;
  // A message before it, so that what the thread's memory holds is of another one.
  machine.call_message(*pair.client, pair.endpoint, 6);
  machine.reply_receive(*pair.server, pair.endpoint);
  EXPECT_FALSE(machine.call(*pair.client, pair.badged, {11, 12, 13, 14, 15, 16}).returned);
  ASSERT_EQ((*pair.client).callee, pair.server.frame);

  EXPECT_EQ(machine(Operation::ThreadStop, pair.server.slot).error(), kSuccess);
  EXPECT_EQ((*pair.client).state, ThreadState::Calling);
  Made next = machine.make_thread(20);
  EXPECT_EQ(machine(Operation::EndpointBind, pair.endpoint, {next.slot.raw}).error(), Error::Busy);
  EXPECT_EQ(machine(Operation::EndpointBind, pair.endpoint, {kNoSlot.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::EndpointBind, pair.endpoint, {next.slot.raw}).error(), kSuccess);
  Answer received = machine.invoke(*next, Operation::EndpointReceive, pair.endpoint);
  ASSERT_TRUE(received.returned);
  EXPECT_EQ(received.status, 77u | u64{6} << 32);
  for (u32 i = 0; i < 6; i++) EXPECT_EQ(received[i], 11u + i);
  EXPECT_EQ((*pair.client).level, 60u);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(FastPath, SetAsideCallIsDeliveredAgain) {
  Pair pair;
  Machine& machine = pair.machine;
  EXPECT_FALSE(machine.call(*pair.client, pair.badged, {21, 22, 23}).returned);
  ASSERT_EQ(machine.invoke(*pair.server, Operation::EndpointSetAside, pair.endpoint).error(), kSuccess);
  EXPECT_EQ(machine(Operation::EndpointRequeue, pair.endpoint).error(), kSuccess);
  Answer received = machine.invoke(*pair.server, Operation::EndpointReceive, pair.endpoint);
  EXPECT_EQ(received.status, 77u | u64{6} << 32);
  EXPECT_EQ(received[0], 21u);
  EXPECT_EQ(received[2], 23u);
}

/// A thread above root that waits at a notification.
struct Waiting {
  Machine machine;
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  Made waiter = machine.make_thread(Machine::kRootPriority + 1);

  Waiting() {
    EXPECT_FALSE(machine.invoke(*waiter, Operation::NotificationWait, notification).returned);
    EXPECT_EQ(machine.running(), &machine.root());
  }
  Notification& object() { return view<Notification>(machine.frame_in(notification)); }
  const SchedulingContext& time() const { return view<SchedulingContext>(waiter.context_frame); }
  /// Root signals; the scheduler is asked if `slow`.
  Answer signal(u64 bits, bool slow = false) {
    cpus[0].timers.changed = slow;
    return machine.invoke(machine.root(), Operation::NotificationSignal, notification, {bits, 2, 3, 4, 5, 6});
  }
};

TEST(FastPath, SignalAsTheSlowPath) {
  std::vector<Thread> threads[2];
  std::vector<u64> numbers[2];
  for (bool slow : {false, true}) {
    Waiting system;
    Machine& machine = system.machine;
    hardware.now += 1'000;
    system.signal(5, slow);
    ASSERT_EQ(machine.running(), &*system.waiter);
    EXPECT_EQ(machine.answer_of(*system.waiter)[0], 5u);
    EXPECT_EQ(machine.answer_of(*system.waiter).status, 0u);
    EXPECT_EQ(system.object().waiter.raw, 0u);
    EXPECT_EQ(system.object().bits, 0u);
    EXPECT_EQ(cpus[0].context, system.waiter.context_frame);
    EXPECT_EQ(system.time().place, Whereabouts::Queued);
    EXPECT_NE(hardware.timer, 0u);
    EXPECT_LE(hardware.timer, hardware.now + system.time().left);
    EXPECT_EQ(broken_invariant(), "");
    const SchedulingContext& of_root = view<SchedulingContext>(machine.root_context);
    numbers[slow] = {of_root.left, of_root.used, system.time().left, system.time().turn_start, cpus[0].ready, cpus[0].last_accounted};
    threads[slow] = {*system.waiter, machine.root()};
    // It waits again, and root's call comes back with its words as they were.
    EXPECT_FALSE(machine.invoke(*system.waiter, Operation::NotificationWait, system.notification).returned);
    ASSERT_EQ(machine.running(), &machine.root());
    Answer answer = machine.answer_of(machine.root());
    EXPECT_EQ(answer.status, 0u);
    for (u32 i = 1; i < 6; i++) EXPECT_EQ(answer[i], i + 1);
    EXPECT_EQ(broken_invariant(), "");
  }
  EXPECT_EQ(numbers[0], numbers[1]);
  for (int which = 0; which < 2; which++) expect_same(threads[0][which], threads[1][which]);
}

TEST(FastPath, SignalOfABadgeIsTheBadge) {
  Waiting system;
  system.machine.grant(system.notification, system.machine.frame_in(system.notification), kAllRights, Badge(77));
  system.signal(5);
  ASSERT_EQ(system.machine.running(), &*system.waiter);
  EXPECT_EQ(system.machine.answer_of(*system.waiter)[0], 77u);
}

TEST(FastPath, TimerComesBeforeTheTurnOfAWokenThreadEnds) {
  Waiting system;
  hardware.now += 1'000;
  const SchedulingContext& time = system.time();
  system.signal(1);
  // Its turn is used up a little, so that it ends before the one that root begins now.
  hardware.now += 5'000;
  EXPECT_FALSE(system.machine.invoke(*system.waiter, Operation::NotificationWait, system.notification).returned);
  EXPECT_LT(time.left, time.budget);
  SchedulingContext& of_root = view<SchedulingContext>(system.machine.root_context);
  of_root.left = of_root.budget;
  cpus[0].timers.changed = true;
  system.machine(Operation::SystemNull, kNoSlot);
  EXPECT_GT(hardware.timer, hardware.now + time.left);
  system.signal(1);
  EXPECT_EQ(hardware.timer, hardware.now + time.left);
}

TEST(FastPath, RareConditionsOfSignalsGoTheSlowWay) {
  auto goes_on = [](Waiting& system, u64 bits) {
    EXPECT_EQ(system.signal(bits).error(), kSuccess);
    EXPECT_EQ(broken_invariant(), "");
    return system.machine.running() == &system.machine.root();
  };
  {
    Waiting system;  // no bits wake nobody
    EXPECT_TRUE(goes_on(system, 0));
    EXPECT_NE(system.object().waiter.raw, 0u);
    EXPECT_EQ(system.machine(Operation::ThreadStop, system.waiter.slot).error(), kSuccess);
    EXPECT_TRUE(goes_on(system, 6));  // nobody waits: the bits stay
    EXPECT_EQ(system.object().bits, 6u);
  }
  {
    Waiting system;  // not higher than what is ready
    Machine& machine = system.machine;
    Made equal = machine.make_thread(Machine::kRootPriority + 1);
    machine.switch_to(machine.root());
    system.signal(1);
    EXPECT_EQ(machine.running(), &*equal);
    EXPECT_EQ((*system.waiter).state, ThreadState::Ready);
  }
  {
    Waiting system;  // it waits until a deadline, which is over now
    Machine& machine = system.machine;
    EXPECT_FALSE(goes_on(system, 1));
    EXPECT_FALSE(machine.invoke(*system.waiter, Operation::NotificationWait, system.notification, {hardware.now + 1'000'000}).returned);
    EXPECT_FALSE(goes_on(system, 1));
    EXPECT_EQ(machine.running(), &*system.waiter);
    EXPECT_FALSE((*system.waiter).timer.armed);
  }
  {
    Waiting system;  // root's turn ends just now
    SchedulingContext& of_root = view<SchedulingContext>(system.machine.root_context);
    hardware.now += of_root.left;
    EXPECT_TRUE(goes_on(system, 1));
    system.machine.advance(1);  // the timer ends the turn first
    EXPECT_EQ(system.machine.running(), &*system.waiter);
    EXPECT_EQ(of_root.left, of_root.budget);
  }
  {
    Waiting system;  // no right to signal
    Machine& machine = system.machine;
    machine.grant(system.notification, machine.frame_in(system.notification), right::Notification::Wait);
    EXPECT_EQ(system.signal(1).error(), Error::MissingRight);
  }
}

TEST(FastPath, EveryRareConditionGoesTheSlowWay) {
  Pair pair;
  Machine& machine = pair.machine;
  EXPECT_EQ(machine.call(*pair.client, CapabilitySlot(999)).error(), Error::EmptySlot);
  EXPECT_EQ(machine.call(*pair.client, CapabilitySlot(256 * 300 + 1)).error(), Error::BadSlot);
  EXPECT_EQ(machine.call(*pair.client, RootSlot::Region).error(), Error::WrongType);
  CapabilitySlot receive_only = machine.free_slot();
  machine.grant(receive_only, machine.frame_in(pair.endpoint), right::Endpoint::Receive);
  EXPECT_EQ(machine.call(*pair.client, receive_only).error(), Error::MissingRight);
  EXPECT_EQ(machine.reply_receive(*pair.client, pair.endpoint).error(), Error::BadState);

  // Interrupted: the next call answers Cancelled, the one after it goes through.
  EXPECT_EQ(machine(Operation::ThreadInterrupt, pair.client.slot).error(), kSuccess);
  EXPECT_EQ(machine.call(*pair.client, pair.endpoint).error(), Error::Cancelled);
  EXPECT_FALSE(machine.call(*pair.client, pair.endpoint).returned);
  // A second caller waits, and gets its turn at the reply.
  Made second = machine.make_thread(20);
  EXPECT_FALSE(machine.call(*second, pair.badged, {5}).returned);
  EXPECT_EQ((*second).state, ThreadState::Calling);
  Answer received = machine.reply_receive(*pair.server, pair.endpoint, {1});
  EXPECT_TRUE(received.returned);
  EXPECT_EQ(received[0], 5u);
  EXPECT_EQ(machine.answer_of(*pair.client)[0], 1u);
  EXPECT_EQ(broken_invariant(), "");
}

}  // namespace
}  // namespace pith::host
