// Contracts: what travels with a message.
#include "kernel/ipc/message.h"

#include "kernel/object/notification.h"
#include "verify/contracts/contract.h"

namespace pith {

/// What a slot holds stays there.
RELATION(slot_in_use_stays, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  u64 word = old([=] { return at<CapabilityTable>(table).slot[slot.raw].word; });
  FrameNumber frame = old([=] { return at<CapabilityTable>(table).slot[slot.raw].frame; });
  Badge badge = old([=] { return at<CapabilityTable>(table).slot[slot.raw].badge; });
  const Capability& after = at<CapabilityTable>(table).slot[slot.raw];
  return word == 0 || (after.word == word && after.frame == frame && after.badge == badge);
}

RELATION(ready_context_stays_ready, Of<SchedulingContext> context) {
  FOR_ALL(context);
  Whereabouts before = old([=] { return at<SchedulingContext>(context).place; });
  return before != Whereabouts::Queued || at<SchedulingContext>(context).place == Whereabouts::Queued;
}

namespace {

[[gnu::always_inline]] inline bool is_configured(const Thread& thread) {
  return is<Thread>(thread.self) && &thread == &threads[thread.self.raw] && thread.capabilities.raw != 0;
}

/// Slots that were empty may be filled, with what is live.
[[gnu::always_inline]] inline void fill_slots() {
  forget(capability_tables[0].slot[0]);
  verify_obey("slot_in_use_stays");
  verify_obey("slot_is_filled_with_live_capabilities");
  verify_require("thread_capabilities_are_typed");
  verify_require("linked_capability_table_is_typed");
  verify_require("absent_capability_space_is_empty");
}

/// A message may be copied with all that lies in buffers.
[[gnu::always_inline]] inline void expect_transfer(const Thread& sender, Handle handle, const Thread& receiver) {
  fill_slots();
  forget(cpus[0].heavy_entry);
  verify_require("thread_buffer_is_data");
  verify_expect(is_configured(sender) && is_configured(receiver));
  bool is_in_registers = handle.words() <= kRegisterWords && handle.capabilities() == 0;
  verify_expect(is_in_registers || sender.buffer.raw != 0);
}

}  // namespace

extern "C" {

bool contract_transfer_capability(Thread& sender, CapabilitySlot, Thread& receiver, CapabilitySlot) {
  fill_slots();
  verify_expect(is_configured(sender) && is_configured(receiver));
  return verify_any_bit();
}
bool entry_contract_transfer_capability(Of<Thread> sender, CapabilitySlot from, Of<Thread> receiver, CapabilitySlot to) {
  running_cpu();
  verify_assume(is<Thread>(sender) && is<Thread>(receiver));
  return transfer_capability(threads[sender.raw], from, threads[receiver.raw], to);
}

/// It says nothing of what arrives: words, and the status.
u64 contract_deliver(Thread& caller, Handle message, Thread& server) {
  expect_transfer(caller, message, server);
  server.words = caller.words;
  caller.state = ThreadState::WaitingForReply;
  caller.callee = server.self;
  server.client = caller.self;
  return verify_any();
}
u64 entry_contract_deliver(Of<Thread> caller, Handle message, Of<Thread> server) {
  running_cpu();
  verify_assume(is<Thread>(caller) && is<Thread>(server));
  return deliver(threads[caller.raw], message, threads[server.raw]);
}

/// It says nothing of where contexts are that were parked: those of the server are looked at first.
void contract_reply(Thread& server, Handle handle) {
  forget(scheduling_contexts[0].place);
  forget(scheduling_contexts[0].parked_on);
  verify_obey("ready_context_stays_ready");
  expect_transfer(server, handle, server);
  verify_keep_all();
  verify_expect(is_started(this_cpu()));
  if (server.client.raw == 0) return;
  Thread& client = threads[server.client.raw];
  if ((server.key & Key::kAwaited) != 0) contract_recheck(server);
  server.client = FrameNumber();
  server.key &= ~Key::kSlowReply;
  this_cpu().reschedule = true;
  client.callee = FrameNumber();
  client.waiting_at = FrameNumber();
  if ((client.key & Key::kFaulted) != 0) {
    client.key &= ~Key::kFaulted;
    if (server.words.w[0] < arch::kUserEnd) client.registers.set_instruction(server.words.w[0]);
    contract_wake(client);
    return;
  }
  client.words = server.words;
  contract_complete(client, verify_any());
}
void entry_contract_reply(Of<Thread> server, Handle handle) {
  running_cpu();
  verify_assume(is<Thread>(server));
  reply(threads[server.raw], handle);
}

Error contract_receive_next(Endpoint& endpoint, Thread& server, u64 deadline) {
  verify_part();
  fill_slots();
  forget(cpus[0].heavy_entry);
  verify_keep_all();
  verify_expect(is_configured(server) && is_started(this_cpu()));
  verify_expect(is<Endpoint>(frame_of(endpoint)) && endpoint.server == server.self && server.endpoint == frame_of(endpoint));
  verify_expect(server.client.raw == 0 && server.state == ThreadState::Ready);
  verify_expect((server.key & (Key::kFullFrame | Key::kInGuest)) == 0);
  verify_expect(this_cpu().current == &server);
  if ((server.key & Key::kSignalPending) != 0) {
    server.key &= ~Key::kSignalPending;
    Notification& notification = notifications[server.notification.raw];
    server.words = Words{{notification.bits, 0, 0, 0, 0, 0}};
    notification.bits = 0;
    server.result = Status::kSignals;
    contract_expedite(server);
    return kSuccess;
  }
  if (endpoint.callers != 0) {
    u32 level = u32(63 - __builtin_clzll(endpoint.callers));
    Thread& caller = threads[endpoint.queue[level].first.raw];
    contract_withdraw_call(caller);
    server.words = caller.words;
    caller.state = ThreadState::WaitingForReply;
    caller.callee = server.self;
    server.client = caller.self;
    server.result = verify_any();
    server.key |= Key::kSlowReply;
    return kSuccess;
  }
  bool is_interrupted = (server.key & Key::kInterrupted) != 0;
  server.key &= ~Key::kInterrupted;
  if (is_interrupted) return Error::Cancelled;
  server.state = ThreadState::Receiving;
  server.waiting_at = frame_of(endpoint);
  endpoint.receiver = server.self;
  if (deadline == 0) return kSuccess;
  contract_arm_timer(server.self, deadline);
  server.key |= Key::kDeadline;
  return kSuccess;
}
Error entry_contract_receive_next(Of<Endpoint> endpoint, Of<Thread> server, u64 deadline) {
  running_cpu();
  verify_assume(is<Endpoint>(endpoint) && is<Thread>(server));
  return receive_next(endpoints[endpoint.raw], threads[server.raw], deadline);
}

void contract_take_up(Thread& caller) {
  fill_slots();
  forget(cpus[0].heavy_entry);
  verify_keep_all();
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw] && caller.state == ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at) && is_started(this_cpu()));
  Endpoint& endpoint = endpoints[caller.waiting_at.raw];
  contract_withdraw_call(caller);
  if (endpoint.receiver.raw == 0) return contract_enqueue_call(caller, true);
  Thread& server = threads[endpoint.receiver.raw];
  server.words = caller.words;
  caller.state = ThreadState::WaitingForReply;
  caller.callee = server.self;
  server.client = caller.self;
  contract_complete(server, verify_any());
}
void entry_contract_take_up(Of<Thread> caller) {
  running_cpu();
  verify_assume(is<Thread>(caller));
  take_up(threads[caller.raw]);
}

u64 contract_transfer_buffer(Thread& sender, Handle handle, Thread& receiver) {
  expect_transfer(sender, handle, receiver);
  return verify_any();
}
u64 entry_contract_transfer_buffer(Of<Thread> sender, Handle handle, Of<Thread> receiver) {
  running_cpu();
  verify_assume(is<Thread>(sender) && is<Thread>(receiver));
  return transfer_buffer(threads[sender.raw], handle, threads[receiver.raw]);
}

}  // extern "C"

}  // namespace pith
