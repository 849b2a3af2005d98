// Threads: what they are tied to, each tie with its other end, and what their state and key say.
#include "kernel/object/thread.h"

#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/vector_state.h"
#include "spec/invariants/predicate.h"

namespace pith {

INVARIANT(thread_knows_itself, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].self == thread;
}
INVARIANT(thread_state_is_known, Of<Thread> thread) {
  FOR_ALL(thread);
  return u32(threads[thread.raw].state) <= u32(ThreadState::SetAside);
}
INVARIANT(thread_cpu_exists, Of<Thread> thread) {
  FOR_ALL(thread);
  return (threads[thread.raw].key & Key::kCpuMask) < kMaximumCpus;
}

// ---- address space, capability space, buffer ----

INVARIANT(thread_space_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber space = threads[thread.raw].space;
  return space.raw == 0 || is<AddressSpace>(space);
}
INVARIANT(thread_root_is_of_its_space, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber space = threads[thread.raw].space;
  GIVEN(is<AddressSpace>(space));
  return threads[thread.raw].root == arch::root_of(address_spaces[space.raw].top);
}
INVARIANT(thread_without_space_has_no_root, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].space.raw == 0);
  return threads[thread.raw].root == 0;
}
INVARIANT(thread_capabilities_are_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber space = threads[thread.raw].capabilities;
  return space.raw == 0 || is<CapabilitySpace>(space);
}
INVARIANT(thread_has_both_spaces_or_none, Of<Thread> thread) {
  FOR_ALL(thread);
  return (threads[thread.raw].space.raw == 0) == (threads[thread.raw].capabilities.raw == 0);
}
INVARIANT(thread_that_does_something_has_a_space, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].state == ThreadState::Inactive || threads[thread.raw].space.raw != 0;
}
INVARIANT(thread_that_does_something_has_capabilities, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].state == ThreadState::Inactive || threads[thread.raw].capabilities.raw != 0;
}
INVARIANT(thread_buffer_is_data, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber buffer = threads[thread.raw].buffer;
  return buffer.raw == 0 || is<DataPage>(buffer);
}
INVARIANT(thread_buffer_is_of_its_region, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber buffer = threads[thread.raw].buffer;
  GIVEN(is<DataPage>(buffer));
  return info(buffer).owner == info(thread).owner;
}
INVARIANT(thread_window_has_room, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].window.raw < kTablesPerSpace * kSlotsPerTable - kMessageCapabilities;
}

// ---- client and callee ----

INVARIANT(client_is_a_thread, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber client = threads[thread.raw].client;
  return client.raw == 0 || is<Thread>(client);
}
INVARIANT(client_calls_its_server, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber client = threads[thread.raw].client;
  GIVEN(is<Thread>(client));
  return threads[client.raw].callee == thread;
}
INVARIANT(callee_is_a_thread, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber callee = threads[thread.raw].callee;
  return callee.raw == 0 || is<Thread>(callee);
}
INVARIANT(callee_handles_the_call, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber callee = threads[thread.raw].callee;
  GIVEN(is<Thread>(callee));
  return threads[callee.raw].client == thread;
}
INVARIANT(only_who_waits_for_a_reply_has_a_callee, Of<Thread> thread) {
  FOR_ALL(thread);
  return (threads[thread.raw].callee.raw != 0) == (threads[thread.raw].state == ThreadState::WaitingForReply);
}
INVARIANT(inactive_thread_has_no_client, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Inactive);
  return threads[thread.raw].client.raw == 0;
}
INVARIANT(receiving_thread_has_no_client, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Receiving);
  return threads[thread.raw].client.raw == 0;
}

// ---- where it waits ----

INVARIANT(call_waits_at_an_endpoint, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Calling);
  return is<Endpoint>(threads[thread.raw].waiting_at);
}
INVARIANT(set_aside_call_is_at_an_endpoint, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::SetAside);
  return is<Endpoint>(threads[thread.raw].waiting_at);
}
INVARIANT(delivered_call_is_at_an_endpoint, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::WaitingForReply);
  return is<Endpoint>(threads[thread.raw].waiting_at);
}
INVARIANT(delivered_call_is_handled_by_the_server, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::WaitingForReply);
  FrameNumber endpoint = threads[thread.raw].waiting_at;
  GIVEN(is<Endpoint>(endpoint));
  return endpoints[endpoint.raw].server == threads[thread.raw].callee;
}
/// A call that is or will be delivered again has its message still.
INVARIANT(message_of_a_call_has_a_buffer, Of<Thread> thread) {
  FOR_ALL(thread);
  const Thread& it = threads[thread.raw];
  GIVEN(it.state == ThreadState::Calling || it.state == ThreadState::SetAside || it.state == ThreadState::WaitingForReply);
  Handle handle{it.handle};
  bool is_in_registers = handle.kind() == Handle::Call || (handle.words() <= kRegisterWords && handle.capabilities() == 0);
  return is_in_registers || it.buffer.raw != 0;
}
INVARIANT(receiving_thread_is_at_an_endpoint, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Receiving);
  return is<Endpoint>(threads[thread.raw].waiting_at);
}
INVARIANT(receiving_thread_is_the_receiver, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Receiving);
  FrameNumber endpoint = threads[thread.raw].waiting_at;
  GIVEN(is<Endpoint>(endpoint));
  return endpoints[endpoint.raw].receiver == thread;
}
INVARIANT(waiting_thread_is_at_a_notification, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Waiting);
  return is<Notification>(threads[thread.raw].waiting_at);
}
INVARIANT(waiting_thread_is_the_waiter, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Waiting);
  FrameNumber notification = threads[thread.raw].waiting_at;
  GIVEN(is<Notification>(notification));
  return notifications[notification.raw].waiter == thread;
}

// ---- one object of each kind that is tied to it ----

INVARIANT(served_endpoint_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber endpoint = threads[thread.raw].endpoint;
  return endpoint.raw == 0 || is<Endpoint>(endpoint);
}
INVARIANT(served_endpoint_knows_its_server, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber endpoint = threads[thread.raw].endpoint;
  GIVEN(is<Endpoint>(endpoint));
  return endpoints[endpoint.raw].server == thread;
}
INVARIANT(bound_notification_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber notification = threads[thread.raw].notification;
  return notification.raw == 0 || is<Notification>(notification);
}
INVARIANT(bound_notification_knows_its_thread, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber notification = threads[thread.raw].notification;
  GIVEN(is<Notification>(notification));
  return notifications[notification.raw].bound == thread;
}
INVARIANT(own_time_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber context = threads[thread.raw].scheduling_context;
  return context.raw == 0 || is<SchedulingContext>(context);
}
INVARIANT(own_time_knows_its_thread, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber context = threads[thread.raw].scheduling_context;
  GIVEN(is<SchedulingContext>(context));
  return scheduling_contexts[context.raw].thread == thread;
}
INVARIANT(thread_vector_state_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber state = threads[thread.raw].vector_state;
  return state.raw == 0 || is<VectorState>(state);
}
INVARIANT(thread_vector_state_knows_its_user, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber state = threads[thread.raw].vector_state;
  GIVEN(is<VectorState>(state));
  return vector_states[state.raw].user == thread;
}
INVARIANT(thread_guest_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber guest = threads[thread.raw].guest;
  return guest.raw == 0 || is<Guest>(guest);
}
INVARIANT(thread_guest_knows_its_thread, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber guest = threads[thread.raw].guest;
  GIVEN(is<Guest>(guest));
  return guests[guest.raw].thread == thread;
}

// ---- the key ----

INVARIANT(deadline_bit_means_armed_timer, Of<Thread> thread) {
  FOR_ALL(thread);
  return ((threads[thread.raw].key & Key::kDeadline) != 0) == threads[thread.raw].timer.armed;
}
INVARIANT(only_who_waits_has_a_deadline, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].timer.armed);
  ThreadState state = threads[thread.raw].state;
  return state != ThreadState::Inactive && state != ThreadState::Ready;
}
INVARIANT(only_a_call_is_a_fault, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kFaulted) != 0);
  ThreadState state = threads[thread.raw].state;
  return state == ThreadState::Calling || state == ThreadState::WaitingForReply;
}
INVARIANT(only_who_runs_or_stopped_is_in_a_guest, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kInGuest) != 0);
  return threads[thread.raw].state == ThreadState::Ready || threads[thread.raw].state == ThreadState::Inactive;
}
INVARIANT(thread_in_guest_has_one, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kInGuest) != 0);
  return threads[thread.raw].guest.raw != 0;
}
INVARIANT(thread_is_in_a_configured_guest, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber guest = threads[thread.raw].guest;
  GIVEN((threads[thread.raw].key & Key::kInGuest) != 0 && is<Guest>(guest));
  return guests[guest.raw].space.raw != 0;
}
INVARIANT(pending_signals_are_of_a_notification, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kSignalPending) != 0);
  return threads[thread.raw].notification.raw != 0;
}
INVARIANT(pending_signals_have_bits, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber notification = threads[thread.raw].notification;
  GIVEN((threads[thread.raw].key & Key::kSignalPending) != 0 && is<Notification>(notification));
  return notifications[notification.raw].bits != 0;
}
INVARIANT(live_vector_registers_are_of_a_state, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kVectorLive) != 0);
  return threads[thread.raw].vector_state.raw != 0;
}
INVARIANT(thread_key_is_known, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].key < 2 * Key::kLentTime;
}
INVARIANT(fault_has_no_deadline, Of<Thread> thread) {
  FOR_ALL(thread);
  u32 key = threads[thread.raw].key;
  return (key & Key::kFaulted) == 0 || (key & Key::kDeadline) == 0;
}
/// So that the fast path, which compares the receiver's key with the caller's, sees every condition that would make it wrong.
INVARIANT(receiving_thread_has_a_plain_key, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(threads[thread.raw].state == ThreadState::Receiving);
  constexpr u32 kAllowed = Key::kCpuMask | Key::kVectorLive | Key::kDeadline | Key::kStopping | Key::kAwaited | Key::kLentTime;
  return (threads[thread.raw].key & ~kAllowed) == 0;
}
INVARIANT(slow_reply_is_to_a_client, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kSlowReply) != 0);
  return threads[thread.raw].client.raw != 0;
}
INVARIANT(awaited_thread_runs, Of<Thread> thread) {
  FOR_ALL(thread);
  u32 cpu = threads[thread.raw].key & Key::kCpuMask;
  GIVEN((threads[thread.raw].key & Key::kAwaited) != 0 && cpu < kMaximumCpus);
  return cpus[cpu].current == &threads[thread.raw];
}
/// Time is parked far from its own end of a chain only while the thread on the way waits, or was stopped while it did.
INVARIANT(thread_that_goes_on_has_no_time_parked_far_away, Of<Thread> thread) {
  FOR_ALL(thread);
  ThreadState state = threads[thread.raw].state;
  GIVEN(state == ThreadState::Ready || state == ThreadState::Receiving || state == ThreadState::Waiting);
  return (threads[thread.raw].key & Key::kTimeParked) == 0;
}
/// When the scheduler takes the time back it is still the running one's.
INVARIANT(thread_with_lent_time_runs, Of<Thread> thread) {
  FOR_ALL(thread);
  u32 cpu = threads[thread.raw].key & Key::kCpuMask;
  GIVEN((threads[thread.raw].key & Key::kLentTime) != 0 && cpu < kMaximumCpus);
  return cpus[cpu].current == &threads[thread.raw];
}
EXIT_INVARIANT(thread_with_lent_time_has_no_client, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kCpuMask) == this_cpu().number);
  return (threads[thread.raw].key & Key::kLentTime) == 0 || threads[thread.raw].client.raw == 0;
}
/// On other CPUs that holds even before the choice of who runs here.
INVARIANT(thread_with_lent_time_elsewhere_has_no_client, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN((threads[thread.raw].key & Key::kCpuMask) != this_cpu().number);
  return (threads[thread.raw].key & Key::kLentTime) == 0 || threads[thread.raw].client.raw == 0;
}

// ---- its fault endpoint, a capability ----

INVARIANT(fault_frame_exists, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].fault.frame.raw < frame_count;
}
INVARIANT(fault_is_of_an_endpoint, Of<Thread> thread) {
  FOR_ALL(thread);
  const Capability& fault = threads[thread.raw].fault;
  return fault.word == 0 || (fault.word >> 8 & 255) == u64(ObjectType::Endpoint);
}
INVARIANT(fault_epoch_is_not_ahead, Of<Thread> thread) {
  FOR_ALL(thread);
  const Capability& fault = threads[thread.raw].fault;
  GIVEN(fault.word != 0 && fault.frame.raw < frame_count);
  return fault.word >> 16 <= epochs[fault.frame.raw] >> 16;
}
INVARIANT(live_fault_endpoint_is_typed, Of<Thread> thread) {
  FOR_ALL(thread);
  const Capability& fault = threads[thread.raw].fault;
  GIVEN(fault.word != 0 && fault.frame.raw < frame_count && fault.word >> 16 == epochs[fault.frame.raw] >> 16);
  return is<Endpoint>(fault.frame);
}

}  // namespace pith
