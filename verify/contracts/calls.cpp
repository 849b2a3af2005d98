// Contracts: calls and their lists.
#include "kernel/object/notification.h"
#include "kernel/sched/chain.h"
#include "kernel/sched/parking.h"
#include "spec/walks.h"
#include "verify/contracts/contract.h"

namespace pith {

extern "C" {

Error contract_check_call(FrameNumber endpoint, const Thread& caller) {
  require_chains();
  verify_expect(is<Endpoint>(endpoint));
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  return spec::spec_walk_call(endpoint, caller.self);
}
Error entry_contract_check_call(FrameNumber endpoint, Of<Thread> caller) {
  running_cpu();
  verify_assume(is<Thread>(caller));
  return check_call(endpoint, threads[caller.raw]);
}

Error contract_check_no_circle(FrameNumber endpoint, FrameNumber server) {
  require_chains();
  verify_expect(server.raw == 0 || is<Thread>(server));
  return spec::spec_walk_circle(endpoint, server);
}
Error entry_contract_check_no_circle(FrameNumber endpoint, FrameNumber server) {
  running_cpu();
  return check_no_circle(endpoint, server);
}

void contract_enqueue_call(Thread& caller, bool in_front) {
  forget_calls();
  verify_require("context_priority_exists");
  verify_require("own_time_is_typed");
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  verify_expect(caller.state != ThreadState::Calling && caller.state != ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at) && endpoints[caller.waiting_at.raw].receiver.raw == 0);
  verify_expect(caller.level < kPriorities);
  if (in_front && caller.scheduling_context.raw != 0) caller.level = scheduling_contexts[caller.scheduling_context.raw].priority;
  caller.state = ThreadState::Calling;
}
void entry_contract_enqueue_call(Of<Thread> thread, bool in_front) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  enqueue_call(threads[thread.raw], in_front);
}

void contract_withdraw_call(Thread& caller) {
  forget_calls();
  verify_require("call_level_exists");
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  verify_expect(caller.state == ThreadState::Calling || caller.state == ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at));
  caller.state = ThreadState::Inactive;
}
void entry_contract_withdraw_call_of_caller(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread) && threads[thread.raw].state == ThreadState::Calling);
  withdraw_call(threads[thread.raw]);
}
void entry_contract_withdraw_call_of_set_aside(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread) && threads[thread.raw].state == ThreadState::SetAside);
  withdraw_call(threads[thread.raw]);
}

void contract_put_aside(Thread& caller) {
  forget_calls();
  verify_expect(is<Thread>(caller.self) && &caller == &threads[caller.self.raw]);
  verify_expect(caller.state != ThreadState::Calling && caller.state != ThreadState::SetAside);
  verify_expect(is<Endpoint>(caller.waiting_at));
  caller.state = ThreadState::SetAside;
}
void entry_contract_put_aside(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  put_aside(threads[thread.raw]);
}

void contract_return_call(Thread& server) {
  forget_calls();
  forget_queues();
  verify_require("client_is_a_thread");
  verify_require("client_calls_its_server");
  verify_require("only_who_waits_for_a_reply_has_a_callee");
  verify_keep("delivered_call_is_at_an_endpoint");
  verify_keep("delivered_call_is_handled_by_the_server");
  verify_require("receiver_is_the_server");
  verify_require("receiver_is_typed");
  verify_require("receiver_is_receiving");
  verify_require("call_level_exists");
  verify_require("thread_knows_itself");
  verify_require("thread_cpu_exists");
  verify_expect(is<Thread>(server.self) && &server == &threads[server.self.raw]);
  if (server.client.raw == 0) return;
  verify_expect(server.state != ThreadState::Receiving);
  Thread& client = threads[server.client.raw];
  verify_promise(client.state == ThreadState::WaitingForReply);
  server.client = FrameNumber();
  server.key &= ~Key::kSlowReply;
  client.callee = FrameNumber();
  contract_enqueue_call(client, true);
  contract_expedite(server);
}
void entry_contract_return_call(Of<Thread> server) {
  running_cpu();
  verify_assume(is<Thread>(server));
  return_call(threads[server.raw]);
}

void contract_complete(Thread& thread, u64 status) {
  verify_require("deadline_bit_means_armed_timer");
  verify_require("receiving_thread_is_at_an_endpoint");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  if ((thread.key & Key::kDeadline) != 0) {
    contract_disarm_timer(thread.self);
    thread.key &= ~Key::kDeadline;
  }
  if (thread.state == ThreadState::Receiving) endpoints[thread.waiting_at.raw].receiver = FrameNumber();
  thread.waiting_at = FrameNumber();
  thread.result = status;
  contract_wake(thread);
}
void entry_contract_complete(Of<Thread> thread, u64 status) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  complete(threads[thread.raw], status);
}

void contract_unbind_server(Endpoint& endpoint) {
  verify_keep_all();
  verify_obey("answered_call_is_forgotten_by_its_server");
  verify_obey("ready_thread_keeps_its_result");
  verify_expect(is_started(this_cpu()) && is<Endpoint>(frame_of(endpoint)));
  if (endpoint.server.raw == 0) return;
  Thread& server = threads[endpoint.server.raw];
  contract_look_again(server, kChainDepth);
  if (endpoint.receiver.raw != 0)
    contract_complete(server, error_status(Error::Cancelled));
  else
    contract_return_call(server);
  server.endpoint = FrameNumber();
  endpoint.server = FrameNumber();
}
void entry_contract_unbind_server(Of<Endpoint> endpoint) {
  running_cpu();
  verify_assume(is<Endpoint>(endpoint));
  unbind_server(endpoints[endpoint.raw]);
}

void contract_unbind_notification(Notification& notification) {
  verify_require("bound_is_a_thread");
  verify_expect(is<Notification>(frame_of(notification)));
  if (notification.bound.raw == 0) return;
  Thread& server = threads[notification.bound.raw];
  server.notification = FrameNumber();
  server.key &= ~Key::kSignalPending;
  notification.bound = FrameNumber();
}
void entry_contract_unbind_notification(Of<Notification> notification) {
  running_cpu();
  verify_assume(is<Notification>(notification));
  unbind_notification(notifications[notification.raw]);
}

}  // extern "C"

}  // namespace pith
