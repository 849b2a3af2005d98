// Endpoint: the door to one server thread. Callers wait in it by priority; delivered calls stay linked to it until they are answered.
#pragma once
#include "abi/handle.h"
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"
#include "kernel/object/link.h"
#include "kernel/sched/parking.h"

namespace pith {

struct Words;

/// Invariants: bit p of `callers` is set if and only if queue[p] is not empty; `receiver` is 0 or equals `server`, and then that thread is Receiving.
/// The first line is touched by the fast path.
struct alignas(kPageSize) Endpoint {
  static constexpr ObjectType kType = ObjectType::Endpoint;
  u64 callers;           ///< +0: one bit per priority
  FrameNumber receiver;  ///< +8: the server, while it waits here
  FrameNumber server;    ///< +12: the one thread bound to it
  List queue[kPriorities];  ///< Thread, by queue_link: states Calling
  List set_aside_calls;     ///< Thread, by queue_link: state SetAside
  Parking parking;          ///< SchedulingContexts whose chain ends in a call that waits here for a server

  Error call(Thread& caller, Badge badge, Handle handle, Words& words);
  Error reply_receive(Thread& caller, Badge badge, Handle handle, Words& words);
  Error call_message(Thread& caller, Badge badge, Handle handle, Words& words);
  Error reply_message(Thread& caller, Badge badge, Handle handle, Words& words);
  Error receive(Thread& caller, Badge badge, Handle handle, Words& words);
  Result<u64> set_aside(Thread& caller);
  Result<void> reply_token(Thread& caller, u64 token, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4);
  Result<void> bind(Thread& caller, CapabilitySlot thread);
  Result<void> requeue(Thread& caller);
  Result<EndpointStatusResult> status(Thread& caller);
};

/// Makes `caller`, whose message are its six `words`, wait in the queue or hands it to the waiting server.
/// Errors: TooDeep, Deadlock; nothing has changed then.
Result<void> begin_call(FrameNumber endpoint, Thread& caller, Badge badge);

/// Whether `caller` can call at all: the calls that lead to what it does now, and those that lead on from the server, are not too many, and do not
/// lead back. Errors: TooDeep, Deadlock.
Error check_call(FrameNumber endpoint, const Thread& caller);

/// That no call that a chain from `server` leads to waits at `endpoint`. Errors: Deadlock, TooDeep.
Error check_no_circle(FrameNumber endpoint, FrameNumber server);

/// Hands the call of `caller`, which waits at its endpoint but in no queue, to `server`, which is at its receive. Answers the server's status word.
u64 deliver(Thread& caller, Handle message, Thread& server);

/// Ends the call that `server` handles, if it does: the client gets what `handle` says of the server's message.
void reply(Thread& server, Handle handle);

/// Takes the next event for `server`, which is bound to the endpoint and handles no call: signals, a call, or waiting until `deadline`
/// (nanoseconds; 0: for ever). Error: Cancelled.
Error receive_next(Endpoint& endpoint, Thread& server, u64 deadline);

/// Takes a thread out of the queue or set-aside list in which its call waits: it is Inactive until it is said what it does next.
void withdraw_call(Thread& caller);

/// Puts a thread, whose call is in no list, in the queue of the endpoint that it waits at, or in front of the others of its level.
void enqueue_call(Thread& caller, bool in_front);

/// The same for a call whose server has set it aside.
void put_aside(Thread& caller);

/// A call that was set aside waits in front of its endpoint's queue again, or is handed to the waiting server.
void take_up(Thread& caller);

/// Puts the call that `server` handles back in front of the queue where it came from.
void return_call(Thread& server);

/// Unbinds the server, whose call in progress goes back to the front.
void unbind_server(Endpoint& endpoint);

}  // namespace pith
