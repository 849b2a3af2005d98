// Each predicate sees the damage that it is there for: one field is changed at a time, in a machine where everything is linked.
#include "kernel/arch/host/predicates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/arch/host/machine.h"
#include "kernel/object/address_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/page_table.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/vector_state.h"

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
    judge(name, broken);
  }

  /// The same for what the kernel knows of a frame.
  void expect_info(const std::string& name, FrameNumber frame, void (*change)(FrameInfo&)) {
    FrameInfo before = info(frame);
    change(info(frame));
    std::vector<std::string> broken = broken_predicates();
    info(frame) = before;
    judge(name, broken);
  }

  /// The same for a property: the field has changed since the snapshot.
  template <class Field, class Value>
  void expect_property(const std::string& name, Field& field, Value value) {
    Field before = field;
    take_snapshot();
    EXPECT_EQ(broken_property(), "");
    field = Field(value);
    std::string broken = broken_property();
    field = before;
    EXPECT_TRUE(broken.starts_with(name + "(")) << name << " sees nothing; " << broken;
  }

  void judge(const std::string& name, const std::vector<std::string>& broken) {
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
  expect("slow_reply_is_to_a_client", c.key, c.key | Key::kSlowReply);
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

/// A space of its own with tables down to a page, a share in it, a guest in it, and an interrupt and ports.
class MappedPredicates : public Predicates {
 protected:
  MappedPredicates() {
    top = machine.make_frame(ObjectType::PageTable, 3);
    space = machine.make(ObjectType::AddressSpace, 0, top);
    for (u32 level : {2, 1, 0}) {
      tables[level] = machine.make_frame(ObjectType::PageTable, level);
      must(machine(Operation::AddressSpaceLinkTable, space, {0, tables[level].raw}));
    }
    page = machine.make_frame(ObjectType::Data);
    must(machine(Operation::AddressSpaceMap, space, {RootSlot::Region.raw, 0x3000, page.raw, u64(Access::ReadWrite)}));
    share = machine.make(ObjectType::Share);
    must(machine(Operation::ShareMap, share, {5, page.raw, u64(Access::Read)}));
    must(machine(Operation::AddressSpaceLinkShare, space, {0x200000, share.raw}));
    guest = machine.make(ObjectType::Guest);
    must(machine(Operation::GuestConfigure, guest, {space.raw, page.raw}));
    state = machine.make(ObjectType::VectorState);
    must(machine(Operation::ThreadSetVectorState, first.slot, {state.raw}));
    interrupt = machine.free_slot();
    must(machine(Operation::PlatformCreateInterrupt, RootSlot::Platform, {RootSlot::Region.raw, machine.spare_frame().raw, 7, interrupt.raw}));
    ports = machine.free_slot();
    must(machine(Operation::PlatformCreateIoPorts, RootSlot::Platform, {RootSlot::Region.raw, machine.spare_frame().raw, 0x3f8, 8, ports.raw}));
    EXPECT_EQ(broken_predicate(), "");
  }

  static void must(Answer answer) { EXPECT_EQ(answer.error(), kSuccess); }

  FrameNumber top, tables[3], page;
  CapabilitySlot space, share, guest, state, interrupt, ports;
};

TEST_F(MappedPredicates, HoldOfWhatIsNotInUse) {
  for (const std::string& broken : broken_predicates(Thoroughness::Everything)) ADD_FAILURE() << broken;
}

TEST_F(MappedPredicates, SeeBrokenMemory) {
  expect_info("frame_type_is_known", machine.spare_frame(), [](FrameInfo& it) { it.type = ObjectType(29); });
  expect_info("owner_is_a_region", page, [](FrameInfo& it) { it.owner = FrameNumber(~0u); });
  expect_info("object_has_an_owner", page, [](FrameInfo& it) { it.owner = {}; });
  expect("epoch_word_has_no_low_bits", epochs[page.raw], 1);
  expect("epoch_of_an_object_has_room", epochs[page.raw], ~u64{0} << 16);
  Region& region = regions[machine.region.raw];
  expect("region_parent_is_its_owner", region.parent, page);
  expect("region_depth_is_bounded", region.depth, 9);
  expect("first_region_stays_open", region.closing, 1);
  expect("region_ceiling_is_a_priority", region.priority_ceiling, 64);
  expect("owner_counts_its_frame", region.frames, 0);
}

TEST_F(MappedPredicates, SeeBrokenTables) {
  arch::PageTableEntry& leaf = page_tables[tables[0].raw].entry[3];
  expect("page_is_data", leaf, arch::PageTableEntry::leaf(frame(door), Access::Read));
  expect("page_entry_is_well_formed", leaf, arch::PageTableEntry{.page = page.raw, .user_access = 3, .unused = 1, .present = 1});
  expect("shared_page_is_data", shares[frame(share).raw].entry[9], arch::PageTableEntry::leaf(tables[0], Access::Read));
  expect("shared_page_is_not_executable", shares[frame(share).raw].entry[9], arch::PageTableEntry::leaf(page, Access::ReadExecute));
  arch::PageTableEntry& inner = page_tables[tables[1].raw].entry[0];
  expect("inner_entry_leads_to_a_table", inner, arch::PageTableEntry::table(page));
  expect("inner_entry_leads_one_level_down", inner, arch::PageTableEntry::table(tables[2]));
  expect("linked_table_knows_its_index", page_tables[tables[1].raw].entry[8], inner);
  expect("linked_share_knows_its_index", page_tables[tables[1].raw].entry[8], arch::PageTableEntry::table(frame(share)));
  expect("table_parent_links_it", inner, arch::PageTableEntry{});
  expect_info("table_parent_is_a_table", tables[0], [](FrameInfo& it) { it.parent = it.owner; });
  expect_info("table_index_is_in_range", tables[0], [](FrameInfo& it) { it.index = 512; });
  expect_info("table_level_exists", tables[0], [](FrameInfo& it) { it.level = 4; });
  expect_info("half_dismantled_table_is_not_linked", tables[0], [](FrameInfo& it) { it.cursor = 1; });
  expect_info("dismantled_entry_is_absent", tables[0], [](FrameInfo& it) { it.cursor = 4; });
  expect_info("linked_table_is_no_spare_one", tables[0], [](FrameInfo& it) { it.uses = 1; });
  expect_info("mapped_page_is_in_use", page, [](FrameInfo& it) { it.uses = 0; });
  expect_info("share_parent_links_it", frame(share), [](FrameInfo& it) { it.index = 6; });
  expect("space_top_is_a_table", address_spaces[frame(space).raw].top, page);
  expect("space_top_knows_its_space", address_spaces[frame(space).raw].top, machine.top);
  expect("space_guests_first_is_here", address_spaces[machine.space.raw].guests.first, frame(guest));
}

TEST_F(MappedPredicates, SeeBrokenDevices) {
  Guest& g = guests[frame(guest).raw];
  expect("guest_root_is_of_its_space", g.root, g.root + 1);
  expect("guest_has_space_and_registers_or_neither", g.registers, FrameNumber());
  expect("guest_registers_are_data", g.registers, tables[0]);
  expect("guest_thread_knows_its_guest", g.thread, first.frame);
  expect("vector_state_is_its_threads", vector_states[frame(state).raw].user, second.frame);
  expect("thread_vector_state_knows_its_user", vector_states[frame(state).raw].user, FrameNumber());
  expect("vector_registers_know_their_cpu", cpus[0].vector_owner, frame(state));
  expect("interrupt_is_its_lines", interrupts[frame(interrupt).raw].line, 8);
  expect("interrupt_line_exists", interrupts[frame(interrupt).raw].line, 256);
  expect("last_port_exists", io_port_ranges[frame(ports).raw].count, 0x10000);
}

TEST_F(MappedPredicates, SeeBrokenTime) {
  SchedulingContext& context = scheduling_contexts[machine.root_context.raw];
  expect("context_priority_exists", context.priority, 64);
  expect("context_thread_knows_its_time", context.thread, first.frame);
  expect("no_more_is_left_than_the_budget", context.left, context.budget + 1);
  expect("queued_context_has_time_left", context.left, 0);
  expect("exhausted_context_is_replenished", context.left, 0);
  expect("context_with_time_left_is_somewhere", context.place, Whereabouts::Nowhere);
  expect("ready_bit_means_context", cpus[0].ready, 0);
  expect("ready_queue_first_is_here", cpus[0].queue[3].first, machine.root_context);
  expect("time_in_use_is_bound", cpus[0].context, frame(machine.make(ObjectType::SchedulingContext)));
  expect("running_thread_is_ready", cpus[0].current, &*first);
  expect("running_thread_has_time", cpus[0].context, FrameNumber());
  TimerNode& timer = (*second).timer;
  ASSERT_TRUE(timer.armed);
  expect("occupied_bit_means_timer", cpus[0].timers.occupied[timer.level], 0);
  expect("thread_timer_without_previous_is_first", timer.slot, timer.slot ^ 1);
}

TEST_F(MappedPredicates, SeeWhatNoOperationMayDo) {
  epochs[page.raw] = 9 * kEpochStep;
  expect_property("epochs_only_grow", epochs[page.raw], epochs[page.raw] - kEpochStep);
  expect_property("object_keeps_its_owner", info(page).owner, frame(door));
  expect_property("region_keeps_its_ceiling", regions[machine.region.raw].priority_ceiling, 3);
  Capability& slot = machine.capability(door);
  expect_property("slot_in_use_is_not_written", slot.word, slot.word ^ 1);
  expect_property("slot_in_use_keeps_its_badge", slot.badge, Badge(7));
  expect_property("slot_is_filled_with_live_capabilities", machine.capability(CapabilitySlot(200)), Capability{page, {}, slot.word + kEpochStep});
  expect_property("space_changes_while_stopped", (*first).space, frame(space));
  expect_property("answered_call_is_forgotten_by_its_server", (*client).state, ThreadState::Ready);
  expect_property("set_aside_number_only_grows", (*aside).set_aside_number, 0);
  expect_property("time_comes_back_within_the_budget", scheduling_contexts[machine.root_context.raw].left, 1u << 30);
  expect_property("interrupt_keeps_its_line", interrupts[frame(interrupt).raw].line, 9);
}

}  // namespace
}  // namespace pith::host
