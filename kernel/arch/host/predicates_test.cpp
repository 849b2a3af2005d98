// Each predicate sees the damage that it is there for: one field is changed at a time, in a machine where everything is linked.
#include "kernel/arch/host/predicates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/arch/host/machine.h"
#include "kernel/object/address_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"

namespace pith::host {
namespace {

/// A server that receives, one that handles a call while two others wait, a call set aside, a waiter, and a bound notification.
class Predicates : public testing::Test {
 protected:
  Predicates() {
    idle_door = machine.make(ObjectType::Endpoint);
    idle_server = machine.make_thread(20);
    machine.serve(idle_server, idle_door);
    door = machine.make(ObjectType::Endpoint);
    server = machine.make_thread(10);
    machine.serve(server, door);
    for (Made* caller : {&aside, &client, &first, &second}) *caller = machine.make_thread(30);
    machine.call(*aside, door, {1});
    machine.invoke(*server, Operation::EndpointSetAside, door);
    machine.call(*client, door, {2});
    machine.invoke(*server, Operation::EndpointReceive, door);
    machine.call(*first, door, {3});
    machine.call_message(*second, door, 6, 0, hardware.now + 1'000'000);
    signals = machine.make(ObjectType::Notification);
    waiter = machine.make_thread(30);
    machine.invoke(*waiter, Operation::NotificationWait, signals, {hardware.now + 5'000'000});
    bound_signals = machine.make(ObjectType::Notification);
    (void)machine(Operation::NotificationBind, bound_signals, {server.slot.raw});
    (void)machine(Operation::NotificationSignal, bound_signals, {1});
  }

  /// Sets a field to another value, expects the predicate to notice, and puts it back.
  template <class Field, class Value>
  void expect(const std::string& name, Field& field, Value value) {
    Field before = field;
    field = Field(value);
    std::vector<std::string> broken = broken_predicates();
    field = before;
    bool found = std::any_of(broken.begin(), broken.end(), [&](const std::string& text) { return text.starts_with(name + "("); });
    std::string all;
    for (const std::string& text : broken) all += " " + text;
    EXPECT_TRUE(found) << name << " sees nothing; others:" << all;
  }

  FrameNumber frame(CapabilitySlot slot) { return machine.frame_in(slot); }

  Machine machine{600};
  CapabilitySlot idle_door, door, signals, bound_signals;
  Made idle_server, server, aside, client, first, second, waiter;
};

TEST_F(Predicates, HoldInTheBeginningAndOfWhatIsNotInUse) {
  for (const std::string& broken : broken_predicates(Thoroughness::Everything)) ADD_FAILURE() << broken;
}

TEST_F(Predicates, ThePartsAreInPlace) {
  ASSERT_EQ(u32((*idle_server).state), u32(ThreadState::Receiving));
  ASSERT_EQ(u32((*aside).state), u32(ThreadState::SetAside));
  ASSERT_EQ(u32((*client).state), u32(ThreadState::WaitingForReply));
  ASSERT_EQ(u32((*first).state), u32(ThreadState::Calling));
  ASSERT_EQ(u32((*second).state), u32(ThreadState::Calling));
  ASSERT_EQ(u32((*waiter).state), u32(ThreadState::Waiting));
  ASSERT_NE((*server).key & Key::kSignalPending, 0u);
  ASSERT_TRUE((*second).timer.armed);
}

TEST_F(Predicates, SeeBrokenThreads) {
  Thread& s = *server;
  Thread& c = *client;
  expect("thread_knows_itself", s.self, frame(door));
  expect("thread_state_is_known", s.state, 9);
  expect("thread_cpu_exists", s.key, s.key | 0xff);
  expect("thread_space_is_typed", s.space, frame(door));
  expect("thread_root_is_of_its_space", s.root, s.root + 4096);
  expect("thread_has_both_spaces_or_none", s.space, FrameNumber());
  expect("thread_buffer_is_data", s.buffer, frame(door));
  expect("client_is_a_thread", s.client, frame(door));
  expect("client_calls_its_server", s.client, first.frame);
  expect("callee_is_a_thread", c.callee, FrameNumber(1u << 30));
  expect("callee_handles_the_call", c.callee, first.frame);
  expect("only_who_waits_for_a_reply_has_a_callee", c.state, ThreadState::Ready);
  expect("inactive_thread_has_no_client", s.state, ThreadState::Inactive);
  expect("call_waits_at_an_endpoint", (*first).waiting_at, frame(signals));
  expect("delivered_call_is_handled_by_the_server", c.waiting_at, frame(idle_door));
  expect("receiving_thread_is_the_receiver", (*idle_server).waiting_at, frame(door));
  expect("waiting_thread_is_the_waiter", (*waiter).waiting_at, frame(bound_signals));
  expect("served_endpoint_knows_its_server", s.endpoint, frame(idle_door));
  expect("bound_notification_knows_its_thread", s.notification, frame(signals));
  expect("own_time_knows_its_thread", s.scheduling_context, first.context_frame);
  expect("deadline_bit_means_armed_timer", (*second).timer.armed, false);
  expect("only_who_waits_has_a_deadline", (*second).state, ThreadState::Ready);
  expect("only_a_call_is_a_fault", s.key, s.key | Key::kFaulted);
  expect("thread_in_guest_has_one", s.key, s.key | Key::kInGuest);
  expect("pending_signals_are_of_a_notification", c.key, c.key | Key::kSignalPending);
  expect("receiving_thread_has_a_plain_key", (*idle_server).key, (*idle_server).key | Key::kInterrupted);
  expect("fault_frame_exists", s.fault.frame, FrameNumber(frame_count));
}

TEST_F(Predicates, SeeBrokenEndpoints) {
  Endpoint& e = endpoints[frame(door).raw];
  Endpoint& idle = endpoints[frame(idle_door).raw];
  expect("callers_bit_means_call", e.callers, 0);
  expect("callers_bit_means_call", e.callers, e.callers | 1);
  expect("server_knows_its_endpoint", e.server, first.frame);
  expect("server_is_a_thread", e.server, frame(signals));
  expect("receiver_is_the_server", e.receiver, first.frame);
  expect("nobody_calls_while_the_server_waits", idle.callers, 4);
  expect("receiver_waits_here", idle.receiver, waiter.frame);
  Notification& n = notifications[frame(signals).raw];
  expect("waiter_is_waiting", n.waiter, server.frame);
  expect("nobody_waits_for_bits_that_are_there", n.bits, 1);
  expect("bound_thread_knows_its_notification", n.bound, first.frame);
  expect("nobody_waits_at_a_bound_notification", n.bound, first.frame);
}

TEST_F(Predicates, SeeBrokenLists) {
  Endpoint& e = endpoints[frame(door).raw];
  List& queue = e.queue[30];
  ASSERT_EQ(queue.first, first.frame);
  ASSERT_EQ(queue.last, second.frame);
  expect("call_queue_first_is_typed", queue.first, frame(signals));
  expect("call_queue_first_is_member", queue.first, server.frame);
  expect("call_queue_first_is_here", e.queue[29].first, first.frame);
  expect("call_queue_first_has_no_previous", queue.first, second.frame);
  expect("call_queue_last_has_no_next", queue.last, first.frame);
  expect("call_queue_has_both_ends_or_none", queue.last, FrameNumber());
  expect("call_queue_next_is_typed", (*first).queue_link.next, frame(door));
  expect("call_queue_next_is_member", (*first).queue_link.next, aside.frame);
  expect("call_queue_next_is_in_same_list", (*second).level, 29);
  expect("call_queue_next_leads_back", (*second).queue_link.previous, FrameNumber());
  expect("call_queue_previous_leads_back", (*first).queue_link.next, FrameNumber());
  expect("call_queue_without_previous_is_first", queue.first, FrameNumber());
  expect("call_queue_without_next_is_last", queue.last, FrameNumber());
  expect("set_aside_calls_first_is_member", e.set_aside_calls.first, first.frame);
  expect("set_aside_calls_without_next_is_last", e.set_aside_calls.last, FrameNumber());
  expect("capability_space_threads_next_leads_back", (*client).capability_link.next, server.frame);
}

TEST_F(Predicates, SeeBrokenCapabilities) {
  Capability& slot = machine.capability(door);
  expect("slot_frame_exists", slot.frame, FrameNumber(frame_count));
  expect("slot_epoch_is_not_ahead", slot.word, slot.word + kEpochStep);
  expect("live_slot_names_an_object_of_its_type", slot.frame, frame(signals));
  expect("slot_in_use_has_a_type", slot.word, 1);
  CapabilitySpace& space = capability_spaces[machine.capabilities.raw];
  expect("linked_capability_table_is_typed", space.table[0], frame(door));
  expect("linked_capability_table_knows_its_index", space.table[9], space.table[0]);
  expect("capability_table_parent_links_it", space.table[0], FrameNumber());
  expect("dismantled_capability_space_has_no_table", info(machine.capabilities).cursor, 1);
  expect("absent_capability_space_is_empty", capability_spaces[0].table[3], FrameNumber(7));
  expect("absent_capability_table_grants_nothing", capability_tables[0].slot[3].word, 7);
}

}  // namespace
}  // namespace pith::host
