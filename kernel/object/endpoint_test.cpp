// Calls: queues by priority, long messages, capabilities on the way, tokens, requeue, cancellation, faults.
#include "kernel/object/endpoint.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/notification.h"

namespace pith::host {
namespace {

class EndpointTest : public testing::Test {
 protected:
  ~EndpointTest() override { EXPECT_EQ(broken_invariant(), ""); }

  Answer receive(const Made& thread, u64 deadline = 0) { return machine.invoke(*thread, Operation::EndpointReceive, endpoint, {deadline}); }
  Answer reply(const Made& thread, u32 words = 6, u32 sent = 0, const Words& values = {}) {
    return machine.invoke(*thread, Handle::message(u32(Operation::EndpointReplyMessage), endpoint, words, sent), values);
  }
  Error root(Operation operation, std::initializer_list<u64> words = {}) { return machine(operation, endpoint, words).error(); }

  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(20);
};

TEST_F(EndpointTest, CallersWaitByPriority) {
  machine.serve(server, endpoint);
  Made low = machine.make_thread(10), high = machine.make_thread(30), also_high = machine.make_thread(30), first = machine.make_thread(5);
  EXPECT_FALSE(machine.call(*first, endpoint, {0}).returned);
  EXPECT_FALSE(machine.call(*low, endpoint, {1}).returned);
  EXPECT_FALSE(machine.call(*high, endpoint, {2}).returned);
  EXPECT_FALSE(machine.call(*also_high, endpoint, {3}).returned);
  EXPECT_EQ(machine(Operation::EndpointStatus, endpoint)[0], server.frame.raw);
  EXPECT_EQ(machine(Operation::EndpointStatus, endpoint)[1], 1u);
  for (u64 expected : {2, 3, 1}) {
    Answer next = machine.reply_receive(*server, endpoint, {});
    ASSERT_TRUE(next.returned || machine.answer_of(*server).returned);
    EXPECT_EQ(machine.answer_of(*server)[0], expected);
    EXPECT_EQ(broken_invariant(), "");
  }
}

TEST_F(EndpointTest, ErrorsOfServing) {
  Made other = machine.make_thread(20);
  EXPECT_EQ(receive(server).error(), Error::BadState);
  ASSERT_EQ(root(Operation::EndpointBind, {server.slot.raw}), kSuccess);
  EXPECT_EQ(root(Operation::EndpointBind, {server.slot.raw}), Error::Busy);
  EXPECT_EQ(root(Operation::EndpointBind, {900}), Error::EmptySlot);
  EXPECT_EQ(root(Operation::EndpointBind, {endpoint.raw}), Error::WrongType);
  EXPECT_EQ(receive(other).error(), Error::BadState);
  EXPECT_EQ(reply(other).error(), Error::BadState);
  EXPECT_EQ(reply(server, 65).error(), Error::BadArgument);
  EXPECT_EQ(reply(server, 6, 5).error(), Error::BadArgument);
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointSetAside, endpoint).error(), Error::BadState);
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointReplyToken, endpoint, {0}).error(), Error::BadArgument);
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointReplyToken, endpoint, {other.frame.raw}).error(), Error::BadState);
  EXPECT_EQ(machine.invoke(*other, Operation::EndpointReplyToken, endpoint, {other.frame.raw}).error(), Error::BadState);
  EXPECT_EQ(machine.call(*server, endpoint).error(), Error::Deadlock);
  ASSERT_EQ(root(Operation::EndpointBind, {0}), kSuccess);
  EXPECT_EQ((*server).endpoint.raw, 0u);
  // Without a server callers wait for one.
  EXPECT_FALSE(machine.call(*other, endpoint, {4}).returned);
  ASSERT_EQ(root(Operation::EndpointBind, {server.slot.raw}), kSuccess);
  EXPECT_EQ(receive(server)[0], 4u);
  EXPECT_EQ(receive(server).error(), Error::BadState);  // the call in progress must be answered first
}

TEST_F(EndpointTest, CirclesAndLongChainsAreRefused) {
  machine.serve(server, endpoint);
  CapabilitySlot back = machine.make(ObjectType::Endpoint);
  Made client = machine.make_thread(20);
  ASSERT_EQ(machine(Operation::EndpointBind, back, {client.slot.raw}).error(), kSuccess);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_EQ(machine.call(*server, back).error(), Error::Deadlock);

  CapabilitySlot doors[10];
  Made chain[10];
  for (u32 i = 0; i < 10; i++) {
    doors[i] = machine.make(ObjectType::Endpoint);
    chain[i] = machine.make_thread(20);
    ASSERT_EQ(machine(Operation::EndpointBind, doors[i], {chain[i].slot.raw}).error(), kSuccess);
  }
  // Each waits for the one before it: the chain grows at its beginning.
  for (u32 i = 1; i < 10; i++) {
    Answer answer = machine.call(*chain[i], doors[i - 1]);
    EXPECT_EQ(answer.returned, i > 7) << i;
    if (answer.returned) EXPECT_EQ(answer.error(), i == 8 ? Error::TooDeep : kSuccess) << i;
    if (answer.returned) break;
  }
}

TEST_F(EndpointTest, LongMessagesTravelThroughTheBuffers) {
  machine.serve(server, endpoint);
  Made client = machine.make_thread(20), bare = machine.make_thread(20);
  DataPage& from = view<DataPage>(client.buffer);
  DataPage& to = view<DataPage>(server.buffer);
  for (u32 i = 0; i < kMessageWords; i++) from.words[i] = 100 + i;
  to.words[63] = 7;
  EXPECT_EQ(machine.call_message(*client, endpoint, 65).error(), Error::BadArgument);
  EXPECT_EQ(machine.call_message(*client, endpoint, 6, 5).error(), Error::BadArgument);
  EXPECT_FALSE(machine.call_message(*client, endpoint, 63).returned);
  Answer received = machine.answer_of(*server);
  EXPECT_EQ(Status{received.status}.words(), 63u);
  for (u32 i = 6; i < 63; i++) EXPECT_EQ(to.words[i], 100u + i);
  EXPECT_EQ(to.words[63], 7u);
  to.words[6] = 55;
  EXPECT_EQ(reply(server, 7).error(), kSuccess);
  EXPECT_EQ(Status{machine.answer_of(*client).status}.words(), 7u);
  EXPECT_EQ(from.words[6], 55u);
  // Without a buffer there is no long message.
  (void)machine(Operation::ThreadStop, bare.slot);
  ASSERT_EQ(machine(Operation::ThreadConfigure, bare.slot, {2, 3, 0, 0, 0, 0}).error(), kSuccess);
  (void)machine(Operation::ThreadResume, bare.slot);
  EXPECT_EQ(machine.call_message(*bare, endpoint, 7).error(), Error::NotConfigured);
  EXPECT_EQ(machine.call_message(*bare, endpoint, 6, 1).error(), Error::NotConfigured);
}

TEST_F(EndpointTest, CapabilitiesArriveInTheWindow) {
  CapabilitySlot space = machine.make(ObjectType::CapabilitySpace), table = machine.make(ObjectType::CapabilityTable);
  ASSERT_EQ(machine(Operation::CapabilitySpaceLink, space, {0, table.raw}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::CapabilitySpaceInstall, space, {1, endpoint.raw, kAllRights, 0}).error(), kSuccess);
  (void)machine(Operation::ThreadStop, server.slot);
  ASSERT_EQ(machine(Operation::ThreadConfigure, server.slot, {2, space.raw, server.buffer.raw, 0, 0, 40}).error(), kSuccess);
  (void)machine(Operation::ThreadResume, server.slot);
  ASSERT_EQ(root(Operation::EndpointBind, {server.slot.raw}), kSuccess);
  EXPECT_FALSE(machine.invoke(*server, Operation::EndpointReceive, CapabilitySlot(1)).returned);

  Made client = machine.make_thread(20);
  CapabilitySlot good = machine.make(ObjectType::Notification), dead = machine.make(ObjectType::Notification), fixed = machine.free_slot();
  machine.grant(fixed, machine.frame_in(good), kAllRights & ~kRightGrant);
  ASSERT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(dead).raw}).error(), kSuccess);
  DataPage& page = view<DataPage>(client.buffer);
  u64 first = offsetof(MessageBuffer, capabilities) / 8;
  page.words[first] = good.raw | u64{fixed.raw} << 32;
  page.words[first + 1] = dead.raw | u64{good.raw} << 32;
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6, 4).returned);
  Status status{machine.answer_of(*server).status};
  EXPECT_EQ(status.capabilities(), 4u);
  EXPECT_EQ(status.missing_capabilities(), 0b0110u);
  CapabilityTable& arrived = view<CapabilityTable>(machine.frame_in(table));
  EXPECT_EQ(arrived.slot[40].frame, machine.frame_in(good));
  EXPECT_TRUE(arrived.slot[41].is_empty());
  EXPECT_TRUE(arrived.slot[42].is_empty());
  EXPECT_EQ(arrived.slot[43].frame, machine.frame_in(good));
  // The window is not empty any more: nothing is overwritten.
  EXPECT_EQ(machine.invoke(*server, Handle::message(u32(Operation::EndpointReplyMessage), CapabilitySlot(1), 6, 0)).error(), kSuccess);
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6, 1).returned);
  Answer again = machine.invoke(*server, Operation::EndpointReceive, CapabilitySlot(1));
  EXPECT_EQ(Status{again.status}.missing_capabilities(), 1u);
}

TEST_F(EndpointTest, TokensNameCallsThatWereSetAside) {
  machine.serve(server, endpoint);
  Made one = machine.make_thread(20), other = machine.make_thread(20);
  EXPECT_FALSE(machine.call(*one, endpoint).returned);
  u64 first = machine.invoke(*server, Operation::EndpointSetAside, endpoint)[0];
  EXPECT_FALSE(receive(server).returned);
  EXPECT_FALSE(machine.call(*other, endpoint).returned);
  u64 second = machine.invoke(*server, Operation::EndpointSetAside, endpoint)[0];
  EXPECT_NE(first, second);
  EXPECT_EQ((*one).state, ThreadState::SetAside);
  auto answer = [&](u64 token) { return machine.invoke(*server, Operation::EndpointReplyToken, endpoint, {token, 1, 2, 3, 4, 5}).error(); };
  EXPECT_EQ(answer(second), kSuccess);
  EXPECT_EQ(answer(second), Error::BadState);
  EXPECT_EQ(machine.answer_of(*other)[4], 5u);
  EXPECT_EQ(answer(first + (u64{1} << 24)), Error::BadState);
  EXPECT_EQ(answer(first), kSuccess);
  // The same caller, another call: the old token stays dead.
  EXPECT_FALSE(machine.call(*one, endpoint).returned);
  EXPECT_TRUE(receive(server).returned);
  u64 third = machine.invoke(*server, Operation::EndpointSetAside, endpoint)[0];
  EXPECT_EQ(answer(first), Error::BadState);
  EXPECT_EQ(answer(third), kSuccess);
}

TEST_F(EndpointTest, RequeueKeepsTheOrder) {
  machine.serve(server, endpoint);
  Made callers[3] = {machine.make_thread(20), machine.make_thread(20), machine.make_thread(20)};
  for (u64 i = 0; i < 3; i++) {
    EXPECT_FALSE(machine.call(*callers[i], endpoint, {i}).returned);
    if (i == 2) break;
    (void)machine.invoke(*server, Operation::EndpointSetAside, endpoint);
    EXPECT_FALSE(receive(server).returned);
  }
  EXPECT_EQ(root(Operation::EndpointRequeue), Error::Again);  // the call in progress
  EXPECT_EQ(root(Operation::EndpointRequeue), Error::Again);
  EXPECT_EQ(root(Operation::EndpointRequeue), kSuccess);
  for (const Made& caller : callers) EXPECT_EQ((*caller).state, ThreadState::Calling);
  EXPECT_EQ(broken_invariant(), "");
  for (u64 expected : {0, 1, 2}) {
    EXPECT_EQ(receive(server)[0], expected);
    (void)reply(server);
  }
}

TEST_F(EndpointTest, ManyCallsSetAsideTakeSeveralRequeues) {
  machine.serve(server, endpoint);
  for (u32 i = 0; i < 20; i++) {
    Made caller = machine.make_thread(20);
    EXPECT_FALSE(machine.call(*caller, endpoint, {i}).returned);
    ASSERT_FALSE(machine.invoke(*server, Operation::EndpointSetAside, endpoint).is_error());
    EXPECT_FALSE(receive(server).returned);
  }
  Error error = root(Operation::EndpointRequeue);
  EXPECT_EQ(error, Error::Again);
  while (error == Error::Again) error = root(Operation::EndpointRequeue);
  EXPECT_EQ(error, kSuccess);
  EXPECT_EQ((*server).state, ThreadState::Ready);
}

TEST_F(EndpointTest, CancellationAndDeadlines) {
  ASSERT_EQ(root(Operation::EndpointBind, {server.slot.raw}), kSuccess);
  Made client = machine.make_thread(20);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_EQ(machine(Operation::ThreadInterrupt, client.slot).error(), kSuccess);
  EXPECT_EQ(machine.answer_of(*client).error(), Error::Cancelled);
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6, 0, hardware.now + 1'000'000).returned);
  EXPECT_EQ(broken_invariant(), "");
  machine.advance(3'000'000);
  EXPECT_EQ(machine.answer_of(*client).error(), Error::TimedOut);
  EXPECT_FALSE(receive(server, hardware.now + 1'000'000).returned);
  EXPECT_EQ(broken_invariant(), "");
  machine.advance(3'000'000);
  EXPECT_EQ(machine.answer_of(*server).error(), Error::TimedOut);
  EXPECT_FALSE(receive(server).returned);
  EXPECT_EQ(machine(Operation::ThreadInterrupt, server.slot).error(), kSuccess);
  EXPECT_EQ(machine.answer_of(*server).error(), Error::Cancelled);
  // Sticky: the next blocking operation.
  EXPECT_EQ(machine(Operation::ThreadInterrupt, client.slot).error(), kSuccess);
  EXPECT_EQ(machine.call_message(*client, endpoint, 6).error(), Error::Cancelled);
  // A delivered call is answered, whatever the deadline.
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6, 0, hardware.now + 1'000'000).returned);
  EXPECT_TRUE(receive(server).returned);
  machine.advance(3'000'000);
  EXPECT_EQ((*client).state, ThreadState::WaitingForReply);
  EXPECT_EQ(reply(server).error(), kSuccess);
  EXPECT_EQ(machine.answer_of(*client).error(), kSuccess);
}

TEST_F(EndpointTest, ClientThatStopsLeavesTheServerAlone) {
  machine.serve(server, endpoint);
  Made client = machine.make_thread(20);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_EQ(machine(Operation::ThreadStop, client.slot).error(), kSuccess);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(reply(server).error(), kSuccess);
  EXPECT_FALSE(receive(server).returned);
  EXPECT_EQ(broken_invariant(), "");
  EXPECT_EQ(machine(Operation::ThreadResume, client.slot).error(), kSuccess);
  EXPECT_EQ((*client).result, error_status(Error::Cancelled));
}

TEST_F(EndpointTest, ReceiverOfAStoppedClientIsFitForTheFastPath) {
  machine.serve(server, endpoint);
  Made client = machine.make_thread(20);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  machine.switch_to(machine.root());
  machine.switch_to(*server);  // on its own time: the reply must go the slow way
  ASSERT_NE((*server).key & Key::kSlowReply, 0u);
  EXPECT_EQ(machine.invoke(*server, Operation::ThreadStop, client.slot).error(), kSuccess);
  EXPECT_FALSE(machine.reply_receive(*server, endpoint).returned);
  EXPECT_EQ(broken_invariant(), "");
}

TEST_F(EndpointTest, FaultsAreCalls) {
  machine.serve(server, endpoint);
  Made faulty = machine.make_thread(20);
  (void)machine(Operation::ThreadStop, faulty.slot);
  ASSERT_EQ(machine(Operation::ThreadConfigure, faulty.slot, {2, 3, 0, endpoint.raw, 33, 0}).error(), kSuccess);
  ASSERT_EQ(machine(Operation::ThreadStart, faulty.slot, {0x1000, 0x2000, 0, 0}).error(), kSuccess);
  machine.fault(*faulty, FaultKind::Memory, 0xabc, 6);
  Answer received = machine.answer_of(*server);
  EXPECT_TRUE(Status{received.status}.is_fault());
  EXPECT_EQ(Status{received.status}.badge(), Badge(33));
  EXPECT_EQ(received[FaultMessage::Kind], u64(FaultKind::Memory));
  EXPECT_EQ(received[FaultMessage::Address], 0xabcu);
  EXPECT_EQ(received[FaultMessage::Code], 6u);
  EXPECT_EQ(received[FaultMessage::Thread], faulty.frame.raw);
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointSetAside, endpoint).error(), Error::BadState);
  EXPECT_EQ(machine(Operation::ThreadWriteRegister, faulty.slot, {u64(Register::Rax), 5}).error(), kSuccess);
  EXPECT_EQ(reply(server, 6, 0, Words{{0x4444}}).error(), kSuccess);
  EXPECT_EQ((*faulty).state, ThreadState::Ready);
  EXPECT_EQ((*faulty).registers.instruction(), 0x4444u);
  // With no handler, or a dead one, it stops.
  (void)machine(Operation::ThreadStop, faulty.slot);
  ASSERT_EQ(machine(Operation::ThreadConfigure, faulty.slot, {2, 3, 0, 0, 0, 0}).error(), kSuccess);
  (void)machine(Operation::ThreadResume, faulty.slot);
  machine.fault(*faulty, FaultKind::Arithmetic, 0, 0);
  EXPECT_EQ((*faulty).state, ThreadState::Inactive);
}

TEST_F(EndpointTest, SignalsComeBeforeCalls) {
  machine.serve(server, endpoint);
  CapabilitySlot notification = machine.make(ObjectType::Notification);
  ASSERT_EQ(machine(Operation::NotificationBind, notification, {server.slot.raw}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationSignal, notification, {5}).error(), kSuccess);
  Answer received = machine.answer_of(*server);
  EXPECT_TRUE(Status{received.status}.is_signals());
  EXPECT_EQ(received[0], 5u);
  EXPECT_EQ(machine(Operation::NotificationSignal, notification, {2}).error(), kSuccess);
  EXPECT_EQ(machine(Operation::NotificationSignal, notification, {8}).error(), kSuccess);
  Made client = machine.make_thread(20);
  EXPECT_FALSE(machine.call(*client, endpoint, {77}).returned);
  received = receive(server);
  EXPECT_TRUE(Status{received.status}.is_signals());
  EXPECT_EQ(received[0], 10u);
  EXPECT_EQ(receive(server)[0], 77u);
}

TEST(Endpoint, AnswerDoesNotGiveTheServersOwnTimeAway) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  Made server = machine.make_thread(30), client = machine.make_thread(10);
  ASSERT_FALSE(machine(Operation::EndpointBind, endpoint, {server.slot.raw}).is_error());
  (void)machine.call(*client, endpoint, {1});
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointReceive, endpoint)[0], 1u);  // on the server's own time
  (void)machine.reply_receive(*server, endpoint, {2});
  EXPECT_EQ((*client).state, ThreadState::Ready);
  EXPECT_FALSE(cpus[0].current == &*client && cpus[0].context == server.context_frame);
}

}  // namespace
}  // namespace pith::host
