// Time that cannot run is parked, and comes back wherever a chain of calls changes: none is lost, however many there are.
#include "kernel/sched/parking.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"

namespace pith::host {
namespace {

constexpr u64 kMillisecond = 1'000'000;

class ParkingTest : public testing::Test {
 protected:
  ~ParkingTest() override { EXPECT_EQ(broken_invariant(), ""); }

  /// The root thread waits for ever, so that the others run.
  void park_root() { machine.invoke(machine.root(), Operation::NotificationWait, idle); }
  Whereabouts place_of(const Made& made) { return view<SchedulingContext>(made.context_frame).place; }
  void wait(const Made& thread, CapabilitySlot notification) {
    EXPECT_FALSE(machine.invoke(*thread, Operation::NotificationWait, notification).returned);
  }
  Made serve(u32 priority, CapabilitySlot endpoint) {
    Made server = machine.make_thread(priority);
    machine.serve(server, endpoint);
    return server;
  }

  Machine machine;
  CapabilitySlot idle = machine.make(ObjectType::Notification);
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  CapabilitySlot event = machine.make(ObjectType::Notification);
};

TEST_F(ParkingTest, AllTimeComesBackThatWaitedForABlockedServer) {
  constexpr u32 kClients = 30;
  Made server = serve(5, endpoint), clients[kClients], waker = machine.make_thread(10);
  for (Made& client : clients) client = machine.make_thread(30);
  park_root();
  EXPECT_FALSE(machine.call(*clients[0], endpoint).returned);
  wait(server, event);
  for (u32 i = 1; i < kClients; i++) EXPECT_FALSE(machine.call(*clients[i], endpoint).returned);
  for (u32 i = 0; i < 10 && machine.running() != &*waker; i++) machine.advance(1);
  ASSERT_EQ(machine.running(), &*waker);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::Parked);
  machine.invoke(*waker, Operation::NotificationSignal, event, {1});
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(view<SchedulingContext>(cpus[0].context).priority, 30u);
  machine.advance(kMillisecond);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::Queued);
}

TEST_F(ParkingTest, ServersOwnTimeStaysParkedWhileItWorksForAClient) {
  Made server = serve(40, endpoint), client = machine.make_thread(30);
  park_root();
  EXPECT_EQ(place_of(server), Whereabouts::Parked);
  for (u32 i = 0; i < 3; i++) {
    EXPECT_FALSE(machine.call_message(*client, endpoint, 6).returned);  // the slow way
    EXPECT_EQ(machine.running(), &*server);
    EXPECT_EQ(place_of(server), Whereabouts::Parked);
    EXPECT_FALSE(machine.invoke(*server, Handle::operation(u32(Operation::EndpointReplyReceive), endpoint)).returned);
    EXPECT_EQ(machine.running(), &*client);
  }
  // Without its client it goes on, on time of its own.
  EXPECT_FALSE(machine.call_message(*client, endpoint, 6).returned);
  machine.invoke(*server, Operation::ThreadStop, client.slot);
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, server.context_frame);
}

/// A server of low priority whose call of higher priority is set aside: the client's time waits where its chain ends, at the client.
struct SetAside {
  SetAside(Machine& machine, CapabilitySlot endpoint, const Made& server, const Made& client) {
    EXPECT_FALSE(machine.call(*client, endpoint).returned);
    EXPECT_EQ(machine.invoke(*server, Operation::EndpointSetAside, endpoint).error(), kSuccess);
    EXPECT_EQ(view<SchedulingContext>(client.context_frame).place, Whereabouts::Parked);
  }
};

TEST_F(ParkingTest, TimeOfARequeuedCallHelpsTheServer) {
  Made server = serve(5, endpoint), client = machine.make_thread(30);
  park_root();
  SetAside call(machine, endpoint, server, client);
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointRequeue, endpoint).error(), kSuccess);
  machine.advance(kMillisecond);
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, client.context_frame);
}

TEST_F(ParkingTest, TimeOfARequeuedCallGoesToTheServerThatWaits) {
  Made server = serve(5, endpoint), client = machine.make_thread(30), other = machine.make_thread(10);
  park_root();
  SetAside call(machine, endpoint, server, client);
  EXPECT_FALSE(machine.invoke(*server, Operation::EndpointReceive, endpoint).returned);
  EXPECT_EQ(machine.invoke(*other, Operation::EndpointRequeue, endpoint).error(), kSuccess);
  machine.advance(kMillisecond);
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, client.context_frame);
}

TEST_F(ParkingTest, TimeOfARequeuedCallWaitsAtTheDoorForTheNextServer) {
  Made server = serve(5, endpoint), client = machine.make_thread(30), other = machine.make_thread(10);
  park_root();
  SetAside call(machine, endpoint, server, client);
  EXPECT_EQ(machine.invoke(*other, Operation::EndpointBind, endpoint, {kNoSlot.raw}).error(), kSuccess);
  EXPECT_EQ(machine.invoke(*other, Operation::EndpointRequeue, endpoint).error(), kSuccess);
  machine.advance(kMillisecond);
  EXPECT_EQ(place_of(client), Whereabouts::AtDoor);
  EXPECT_EQ(machine.invoke(*other, Operation::EndpointBind, endpoint, {server.slot.raw}).error(), kSuccess);
  machine.advance(kMillisecond);
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, client.context_frame);
}

TEST_F(ParkingTest, ServerGoesOnWhenItsClientsTimeIsUsedUp) {
  Made server = serve(40, endpoint), client = machine.make_thread(30);
  view<SchedulingContext>(client.context_frame).period = 10 * Machine::kTurn;
  park_root();
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  machine.advance(Machine::kTurn);
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, server.context_frame);
}

TEST_F(ParkingTest, TimeWaitsAtADoorUntilItHasAServer) {
  constexpr u32 kClients = 12;
  Made clients[kClients], server = machine.make_thread(5), busy = machine.make_thread(20);
  for (Made& client : clients) client = machine.make_thread(30);
  park_root();
  for (const Made& client : clients) EXPECT_FALSE(machine.call(*client, endpoint).returned);
  for (u32 i = 0; i < 10 && machine.running() != &*busy; i++) machine.advance(1);
  ASSERT_EQ(machine.running(), &*busy);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::AtDoor);
  EXPECT_EQ(machine.invoke(*busy, Operation::EndpointBind, endpoint, {server.slot.raw}).error(), kSuccess);
  machine.advance(1);
  EXPECT_EQ(machine.running(), &*server);  // on the callers' time
  machine.advance(kMillisecond);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::Queued);
  // Unbound again, they wait at the door.
  EXPECT_EQ(machine.invoke(*server, Operation::EndpointBind, endpoint, {0}).error(), kSuccess);
  machine.advance(kMillisecond);
  EXPECT_EQ(machine.running(), &*busy);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::AtDoor);
}

TEST_F(ParkingTest, AChainThatIsCutGivesItsTimeBack) {
  constexpr u32 kLinks = 6;
  CapabilitySlot doors[kLinks];
  Made servers[kLinks];
  for (u32 i = 0; i < kLinks; i++) {
    doors[i] = machine.make(ObjectType::Endpoint);
    servers[i] = serve(2, doors[i]);
  }
  Made client = machine.make_thread(40), knife = machine.make_thread(20);
  park_root();
  EXPECT_FALSE(machine.call(*client, doors[0]).returned);
  for (u32 i = 0; i + 1 < kLinks; i++) EXPECT_FALSE(machine.call(*servers[i], doors[i + 1]).returned);
  wait(servers[kLinks - 1], event);
  ASSERT_EQ(machine.running(), &*knife);
  ASSERT_EQ(view<SchedulingContext>(client.context_frame).parked_on, servers[kLinks - 1].frame);
  // The third server stops: the client's call chain ends in it from now on; started again it runs on the client's time.
  machine.invoke(*knife, Operation::ThreadStop, servers[2].slot);
  EXPECT_EQ(broken_invariant(), "");
  machine.advance(kMillisecond);
  EXPECT_EQ(view<SchedulingContext>(client.context_frame).parked_on, servers[2].frame);
  machine.invoke(*knife, Operation::ThreadResume, servers[2].slot);
  EXPECT_EQ(machine.running(), &*servers[2]);
  EXPECT_EQ(cpus[0].context, client.context_frame);
}

TEST_F(ParkingTest, ACallThatIsCancelledGivesTheTimeOfItsClientsBack) {
  CapabilitySlot inner = machine.make(ObjectType::Endpoint);
  Made server = serve(5, endpoint), last = serve(5, inner), other = machine.make_thread(30), client = machine.make_thread(40);
  Made knife = machine.make_thread(20);
  park_root();
  EXPECT_FALSE(machine.call(*other, inner).returned);
  wait(last, event);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_FALSE(machine.call(*server, inner).returned);
  ASSERT_EQ(machine.running(), &*knife);
  ASSERT_EQ((*server).state, ThreadState::Calling);
  machine.invoke(*knife, Operation::ThreadInterrupt, server.slot);
  machine.advance(kMillisecond / 10);  // parked time is looked at again in steps
  EXPECT_EQ(machine.running(), &*server);
  EXPECT_EQ(cpus[0].context, client.context_frame);
}

TEST_F(ParkingTest, BindingMakesNoCircle) {
  Made server = machine.make_thread(5), other = serve(5, endpoint), client = machine.make_thread(6);
  CapabilitySlot back = machine.make(ObjectType::Endpoint);
  EXPECT_FALSE(machine.call(*client, endpoint).returned);
  EXPECT_FALSE(machine.call(*other, back).returned);
  EXPECT_EQ(machine(Operation::EndpointBind, back, {client.slot.raw}).error(), Error::Deadlock);
  EXPECT_EQ(machine(Operation::EndpointBind, back, {server.slot.raw}).error(), kSuccess);
}

TEST_F(ParkingTest, ChainsAreBoundedFromBothEnds) {
  constexpr u32 kLinks = 10;
  CapabilitySlot doors[kLinks];
  Made chain[kLinks];
  for (u32 i = 0; i < kLinks; i++) {
    doors[i] = machine.make(ObjectType::Endpoint);
    chain[i] = serve(20, doors[i]);
  }
  Made client = machine.make_thread(20);
  // Each calls the next one, the slow way, while it handles its call: the chain grows at its end.
  EXPECT_FALSE(machine.invoke(*client, Operation::EndpointCall, doors[0]).returned);
  u32 made = 1;
  while (made < kLinks && !machine.invoke(*chain[made - 1], Operation::EndpointCall, doors[made]).returned) made++;
  EXPECT_EQ(made, 7u);
  EXPECT_EQ(machine.answer_of(*chain[made - 1]).error(), Error::TooDeep);
}

TEST_F(ParkingTest, ChainsThatGrewTooLongOnTheFastPathStillEnd) {
  constexpr u32 kLinks = 12;
  CapabilitySlot doors[kLinks];
  Made chain[kLinks];
  for (u32 i = 0; i < kLinks; i++) {
    doors[i] = machine.make(ObjectType::Endpoint);
    chain[i] = serve(4, doors[i]);
  }
  Made client = machine.make_thread(40);
  park_root();
  EXPECT_FALSE(machine.call(*client, doors[0]).returned);
  for (u32 i = 0; i + 1 < kLinks; i++) EXPECT_FALSE(machine.call(*chain[i], doors[i + 1]).returned);
  ASSERT_EQ(machine.running(), &*chain[kLinks - 1]);
  cpus[0].reschedule = true;  // as any interrupt can
  machine.timer_interrupt();
  machine.advance(kMillisecond);
  EXPECT_EQ(broken_invariant(), "");
  // The client is too far away to help; the end of the chain goes on with time of its own, and the others after it.
  for (u32 i = kLinks; i-- > 0;) {
    ASSERT_EQ(machine.running(), &*chain[i]) << i;
    EXPECT_FALSE(machine.reply_receive(*chain[i], doors[i]).returned);
    machine.advance(kMillisecond);
    EXPECT_EQ(broken_invariant(), "");
  }
  EXPECT_EQ(machine.running(), &*client);
}

TEST_F(ParkingTest, TakingAServerApartLosesNoTime) {
  constexpr u32 kClients = 10;
  Made server = serve(5, endpoint), clients[kClients], knife = machine.make_thread(20);
  for (Made& client : clients) client = machine.make_thread(30);
  park_root();
  for (const Made& client : clients) EXPECT_FALSE(machine.call(*client, endpoint).returned);
  wait(server, event);
  for (u32 i = 0; i < 10 && machine.running() != &*knife; i++) machine.advance(1);
  Error error = Error::Again;
  for (u32 i = 0; i < 20 && error == Error::Again; i++) {
    error = machine.invoke(*knife, Operation::RegionDestroy, RootSlot::Region, {server.frame.raw}).error();
    machine.advance(kMillisecond / 10);
    EXPECT_EQ(broken_invariant(), "");
  }
  EXPECT_EQ(error, kSuccess);
  machine.advance(kMillisecond);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::AtDoor);
  // So does the endpoint: every call is cancelled.
  for (error = Error::Again; error == Error::Again;) {
    error = machine.invoke(*knife, Operation::RegionDestroy, RootSlot::Region, {machine.frame_in(endpoint).raw}).error();
    if (error == Error::Again) machine.advance(kMillisecond / 10);
    EXPECT_EQ(broken_invariant(), "");
  }
  EXPECT_EQ(error, kSuccess);
  for (const Made& client : clients) EXPECT_EQ(place_of(client), Whereabouts::Queued);
}

}  // namespace
}  // namespace pith::host
