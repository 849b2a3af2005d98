// Endpoints and notifications: their servers and waiters, and the queues of calls.
#include "kernel/object/endpoint.h"

#include "kernel/object/notification.h"
#include "kernel/object/thread.h"
#include "spec/invariants/list.h"
#include "spec/invariants/predicate.h"

namespace pith {

namespace {

/// The calls that wait at an endpoint with one priority.
struct CallQueue {
  struct Place {
    FrameNumber endpoint;
    Level level;
    bool operator==(const Place& other) const { return endpoint == other.endpoint && level.raw == other.level.raw; }
  };
  static const List& list(Place place) { return endpoints[place.endpoint.raw].queue[place.level.raw]; }
  static const Link& link(FrameNumber thread) { return threads[thread.raw].queue_link; }
  static bool is_typed(FrameNumber frame) { return is<Thread>(frame); }
  static bool is_member(FrameNumber thread) { return threads[thread.raw].state == ThreadState::Calling; }
  static Place place_of(FrameNumber thread) { return {threads[thread.raw].waiting_at, {threads[thread.raw].level}}; }
  static bool is_place(Place place) { return is<Endpoint>(place.endpoint) && place.level.raw < kPriorities; }
};

/// The calls that an endpoint's server set aside.
struct SetAsideCalls {
  struct Place {
    FrameNumber endpoint;
    bool operator==(const Place& other) const { return endpoint == other.endpoint; }
  };
  static const List& list(Place place) { return endpoints[place.endpoint.raw].set_aside_calls; }
  static const Link& link(FrameNumber thread) { return threads[thread.raw].queue_link; }
  static bool is_typed(FrameNumber frame) { return is<Thread>(frame); }
  static bool is_member(FrameNumber thread) { return threads[thread.raw].state == ThreadState::SetAside; }
  static Place place_of(FrameNumber thread) { return {threads[thread.raw].waiting_at}; }
  static bool is_place(Place place) { return is<Endpoint>(place.endpoint); }
};

}  // namespace

LIST_ENDS(call_queue, CallQueue, (Of<Endpoint> endpoint, Level level), (endpoint, level))
LIST_MEMBERS(call_queue, CallQueue, Thread)
LIST_ENDS(set_aside_calls, SetAsideCalls, (Of<Endpoint> endpoint), (endpoint))
LIST_MEMBERS(set_aside_calls, SetAsideCalls, Thread)

INVARIANT(callers_bit_means_call, Of<Endpoint> endpoint, Level level) {
  FOR_ALL(endpoint, level);
  return ((endpoints[endpoint.raw].callers >> level.raw & 1) != 0) == (endpoints[endpoint.raw].queue[level.raw].first.raw != 0);
}
INVARIANT(call_level_exists, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].level < kPriorities;
}

// ---- server and receiver ----

INVARIANT(server_is_a_thread, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  FrameNumber server = endpoints[endpoint.raw].server;
  return server.raw == 0 || is<Thread>(server);
}
INVARIANT(server_knows_its_endpoint, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  FrameNumber server = endpoints[endpoint.raw].server;
  GIVEN(is<Thread>(server));
  return threads[server.raw].endpoint == endpoint;
}
INVARIANT(receiver_is_the_server, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  FrameNumber receiver = endpoints[endpoint.raw].receiver;
  return receiver.raw == 0 || receiver == endpoints[endpoint.raw].server;
}
INVARIANT(receiver_is_typed, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  FrameNumber receiver = endpoints[endpoint.raw].receiver;
  return receiver.raw == 0 || is<Thread>(receiver);
}
INVARIANT(receiver_is_receiving, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  FrameNumber receiver = endpoints[endpoint.raw].receiver;
  GIVEN(is<Thread>(receiver));
  return threads[receiver.raw].state == ThreadState::Receiving;
}
INVARIANT(receiver_waits_here, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  FrameNumber receiver = endpoints[endpoint.raw].receiver;
  GIVEN(is<Thread>(receiver));
  return threads[receiver.raw].waiting_at == endpoint;
}
INVARIANT(nobody_calls_while_the_server_waits, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  return endpoints[endpoint.raw].receiver.raw == 0 || endpoints[endpoint.raw].callers == 0;
}

// ---- notifications ----

INVARIANT(waiter_is_a_thread, Of<Notification> notification) {
  FOR_ALL(notification);
  FrameNumber waiter = notifications[notification.raw].waiter;
  return waiter.raw == 0 || is<Thread>(waiter);
}
INVARIANT(waiter_is_waiting, Of<Notification> notification) {
  FOR_ALL(notification);
  FrameNumber waiter = notifications[notification.raw].waiter;
  GIVEN(is<Thread>(waiter));
  return threads[waiter.raw].state == ThreadState::Waiting;
}
INVARIANT(waiter_waits_here, Of<Notification> notification) {
  FOR_ALL(notification);
  FrameNumber waiter = notifications[notification.raw].waiter;
  GIVEN(is<Thread>(waiter));
  return threads[waiter.raw].waiting_at == notification;
}
INVARIANT(nobody_waits_for_bits_that_are_there, Of<Notification> notification) {
  FOR_ALL(notification);
  return notifications[notification.raw].waiter.raw == 0 || notifications[notification.raw].bits == 0;
}
INVARIANT(nobody_waits_at_a_bound_notification, Of<Notification> notification) {
  FOR_ALL(notification);
  return notifications[notification.raw].waiter.raw == 0 || notifications[notification.raw].bound.raw == 0;
}
INVARIANT(bound_is_a_thread, Of<Notification> notification) {
  FOR_ALL(notification);
  FrameNumber bound = notifications[notification.raw].bound;
  return bound.raw == 0 || is<Thread>(bound);
}
INVARIANT(bound_thread_knows_its_notification, Of<Notification> notification) {
  FOR_ALL(notification);
  FrameNumber bound = notifications[notification.raw].bound;
  GIVEN(is<Thread>(bound));
  return threads[bound.raw].notification == notification;
}
INVARIANT(bits_for_a_bound_thread_are_pending, Of<Notification> notification) {
  FOR_ALL(notification);
  FrameNumber bound = notifications[notification.raw].bound;
  GIVEN(is<Thread>(bound) && notifications[notification.raw].bits != 0);
  return (threads[bound.raw].key & Key::kSignalPending) != 0;
}

}  // namespace pith
