// The fast path leaves the same state as the slow one, and what it carried can be delivered again.
#include "kernel/ipc/fast.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/endpoint.h"
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
