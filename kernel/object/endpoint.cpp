// Calls, replies, set-aside calls: the slow paths. The fast path is kernel/ipc/fast.cpp.
#include "kernel/object/endpoint.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/ipc/message.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/chain.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"

namespace pith {

namespace {

/// A token is the caller's frame number and, above it, the number of the setting aside.
constexpr u32 kTokenFrameBits = 24;
constexpr u64 kLastSetAside = (u64{1} << (64 - kTokenFrameBits)) - 1;

Link& call_link(FrameNumber thread) { return view<Thread>(thread).queue_link; }

/// The priority that `thread` runs at now, or would.
u32 priority_of(const Thread& thread) {
  const Cpu& cpu = this_cpu();
  if (cpu.current == &thread && cpu.context.raw != 0) return view<SchedulingContext>(cpu.context).priority;
  if (thread.scheduling_context.raw != 0) return view<SchedulingContext>(thread.scheduling_context).priority;
  return 0;
}

void disarm_deadline(Thread& thread) {
  if ((thread.key & Key::kDeadline) == 0) return;
  disarm_timer(thread.self);
  thread.key &= ~Key::kDeadline;
}

void arm_deadline(Thread& thread, u64 deadline) {
  if (deadline == 0) return;
  arm_timer(thread.self, deadline);
  thread.key |= Key::kDeadline;
}

/// What the handle that a caller noted says of its message: a handle of the short kind says nothing, and means six words.
Handle message_of(const Thread& caller) {
  Handle noted{caller.handle};
  return noted.kind() == Handle::Call ? Handle::message(0, kNoSlot, kRegisterWords, 0) : noted;
}

/// As deliver().
[[gnu::always_inline]] inline u64 hand_over(Thread& caller, Handle message, Thread& server) {
  u64 status = caller.caller_badge.raw | transfer(caller, message, server);
  if ((caller.key & Key::kFaulted) != 0) status |= Status::kFault;
  caller.state = ThreadState::WaitingForReply;
  caller.callee = server.self;
  server.client = caller.self;
  return status;
}

[[gnu::always_inline]] inline void go_on_with(Thread& thread, u64 status) {
  if (thread.state == ThreadState::Receiving) view<Endpoint>(thread.waiting_at).receiver = FrameNumber();
  thread.waiting_at = FrameNumber();
  thread.result = status;
  wake(thread);
}

}  // namespace

[[gnu::noinline]] u64 deliver(Thread& caller, Handle message, Thread& server) {
  return hand_over(caller, message, server);
}

[[gnu::noinline]] void reply(Thread& server, Handle handle) {
  if (server.client.raw == 0) return;  // the client is gone
  Thread& client = view<Thread>(server.client);
  if ((server.key & Key::kAwaited) != 0) recheck(server);  // time of another CPU waits here, perhaps for this answer
  server.client = FrameNumber();
  server.key &= ~Key::kSlowReply;
  this_cpu().reschedule = true;  // the time in use may be the client's, or have come along its call
  client.callee = FrameNumber();
  client.waiting_at = FrameNumber();
  if ((client.key & Key::kFaulted) != 0) {
    client.key &= ~Key::kFaulted;
    if (server.words.w[0] < arch::kUserEnd) client.registers.set_instruction(server.words.w[0]);
    wake(client);
    return;
  }
  complete(client, transfer(server, handle, client));
}

[[gnu::noinline]] void complete(Thread& thread, u64 status) {
  disarm_deadline(thread);
  go_on_with(thread, status);
}

void end_wait(Thread& thread, u64 status) { go_on_with(thread, status); }

namespace {

/// Delivers the first call of the highest priority that waits to the server, which is at its receive. Answers the server's status word.
u64 deliver_next(Endpoint& endpoint, Thread& server) {
  u32 level = u32(63 - __builtin_clzll(endpoint.callers));
  Thread& caller = view<Thread>(endpoint.queue[level].first);
  withdraw_call(caller);
  return deliver(caller, message_of(caller), server);
}

}  // namespace

[[gnu::noinline]] Error receive_next(Endpoint& endpoint, Thread& server, u64 deadline) {
  if ((server.key & Key::kSignalPending) != 0) {
    server.words = Words{{take_signals(server), 0, 0, 0, 0, 0}};
    server.result = Status::kSignals;
    expedite(server);
    return kSuccess;
  }
  if (endpoint.callers != 0) {
    server.result = deliver_next(endpoint, server);  // it goes on as it is: nothing that is parked on it can run by that
    server.key |= Key::kSlowReply;  // the time in use is not this client's, and must not go to it with the answer
    return kSuccess;
  }
  if (take_interruption(server)) return Error::Cancelled;
  server.state = ThreadState::Receiving;
  server.waiting_at = frame_of(endpoint);
  endpoint.receiver = server.self;
  arm_deadline(server, deadline);
  return kSuccess;
}

[[gnu::noinline]] void enqueue_call(Thread& caller, bool in_front) {
  Endpoint& endpoint = view<Endpoint>(caller.waiting_at);
  // A call that comes back may have been delivered on the fast path, which does not note the level.
  if (in_front && caller.scheduling_context.raw != 0) caller.level = view<SchedulingContext>(caller.scheduling_context).priority;
  u32 level = caller.level % kPriorities;
  if (in_front)
    push_front(endpoint.queue[level], caller.self, call_link);
  else
    push_back(endpoint.queue[level], caller.self, call_link);
  endpoint.callers |= u64{1} << level;
  caller.state = ThreadState::Calling;
}

[[gnu::noinline]] void withdraw_call(Thread& caller) {
  Endpoint& endpoint = view<Endpoint>(caller.waiting_at);
  if (caller.state == ThreadState::SetAside) {
    remove(endpoint.set_aside_calls, caller.self, call_link);
  } else {
    u32 level = caller.level % kPriorities;
    remove(endpoint.queue[level], caller.self, call_link);
    if (endpoint.queue[level].is_empty()) endpoint.callers &= ~(u64{1} << level);
  }
  caller.state = ThreadState::Inactive;
}

[[gnu::noinline]] void put_aside(Thread& caller) {
  push_back(view<Endpoint>(caller.waiting_at).set_aside_calls, caller.self, call_link);
  caller.state = ThreadState::SetAside;
}

[[gnu::noinline]] void return_call(Thread& server) {
  if (server.client.raw == 0) return;
  Thread& client = view<Thread>(server.client);
  server.client = FrameNumber();
  server.key &= ~Key::kSlowReply;
  reschedule_on(cpus[server.key & Key::kCpuMask]);  // the time in use there may have come along this call
  client.callee = FrameNumber();
  enqueue_call(client, true);
  expedite(server);  // it goes on without the client's time
}

[[gnu::noinline]] void unbind_server(Endpoint& endpoint) {
  if (endpoint.server.raw == 0) return;
  Thread& server = view<Thread>(endpoint.server);
  look_again(server, kChainDepth);  // time of the callers leads elsewhere from now on
  reschedule_on(cpus[server.key & Key::kCpuMask]);
  if (endpoint.receiver.raw != 0)
    complete(server, error_status(Error::Cancelled));
  else
    return_call(server);
  server.endpoint = FrameNumber();
  endpoint.server = FrameNumber();
}

[[gnu::noinline]] Error check_no_circle(FrameNumber endpoint, FrameNumber server) {
  for (u32 hops = 0; hops < kChainDepth; hops++) {
    if (server.raw == 0) return kSuccess;
    const Thread& thread = view<Thread>(server);
    bool calls = thread.state == ThreadState::Calling || thread.state == ThreadState::WaitingForReply;
    if (calls && thread.waiting_at == endpoint) return Error::Deadlock;
    server = next_in_chain(thread);
  }
  return Error::TooDeep;
}

namespace {

/// Puts the call, which is possible, to the waiting server, as `hand` does, or into the queue.
template <class Hand>
[[gnu::always_inline]] inline void put_call(FrameNumber frame, Thread& caller, Badge badge, Handle message, Hand hand) {
  Endpoint& endpoint = view<Endpoint>(frame);
  caller.caller_badge = badge;
  caller.waiting_at = frame;
  caller.level = priority_of(caller);
  if (endpoint.receiver.raw == 0) return enqueue_call(caller, false);
  Thread& server = view<Thread>(endpoint.receiver);
  complete(server, hand(caller, message, server));
}

}  // namespace

[[gnu::noinline]] Error check_call(FrameNumber frame, const Thread& caller) {
  FrameNumber client = caller.client, next = view<Endpoint>(frame).server;
  for (u32 hops = 0; hops < kChainDepth; hops++) {
    if (client.raw != 0) {
      client = view<Thread>(client).client;
      continue;
    }
    if (next.raw == 0) return kSuccess;
    if (next == caller.self) return Error::Deadlock;
    next = next_in_chain(view<Thread>(next));
  }
  return Error::TooDeep;
}

namespace {

/// The same, and in little time where nobody is before the caller or behind the server.
[[gnu::always_inline]] inline Error check_chain(FrameNumber frame, const Thread& caller) {
  if (caller.client.raw == 0 && view<Endpoint>(frame).receiver.raw != 0) return kSuccess;
  return check_call(frame, caller);
}

}  // namespace

Result<void> begin_call(FrameNumber frame, Thread& caller, Badge badge) {
  if (Error error = check_chain(frame, caller); error != kSuccess) return error;
  caller.handle = Handle::message(0, kNoSlot, kRegisterWords, 0).raw;
  put_call(frame, caller, badge, Handle::message(0, kNoSlot, kRegisterWords, 0), hand_over);
  return {};
}

Error Endpoint::call(Thread& caller, Badge badge, Handle, Words&) {
  if (take_interruption(caller)) return Error::Cancelled;
  return begin_call(frame_of(*this), caller, badge).error();
}

Error Endpoint::call_message(Thread& caller, Badge badge, Handle handle, Words&) {
  if (auto good = check_message(caller, handle); !good) return good.error();
  if (take_interruption(caller)) return Error::Cancelled;
  u64 deadline = caller.buffer.raw != 0 ? u64(view<DataPage>(caller.buffer).words[offsetof(MessageBuffer, deadline) / 8]) : 0;
  if (Error error = check_call(frame_of(*this), caller); error != kSuccess) return error;
  put_call(frame_of(*this), caller, badge, message_of(caller), deliver);
  if (deadline != 0) note_heavy_entry();
  arm_deadline(caller, deadline);
  return kSuccess;
}

Error Endpoint::reply_receive(Thread& caller, Badge, Handle, Words&) {
  if (caller.self != server) return Error::BadState;
  reply(caller, Handle::message(0, kNoSlot, kRegisterWords, 0));
  return receive_next(*this, caller, 0);
}

Error Endpoint::reply_message(Thread& caller, Badge, Handle handle, Words&) {
  if (caller.self != server) return Error::BadState;
  if (auto good = check_message(caller, handle); !good) return good.error();
  reply(caller, handle);
  expedite(caller);  // it goes on without the client's time
  return kSuccess;
}

Error Endpoint::receive(Thread& caller, Badge, Handle, Words& words) {
  if (caller.self != server || caller.client.raw != 0) return Error::BadState;
  return receive_next(*this, caller, words.w[0]);
}

Result<u64> Endpoint::set_aside(Thread& caller) {
  if (caller.self != server || caller.client.raw == 0) return Error::BadState;
  Thread& client = view<Thread>(caller.client);
  if ((client.key & Key::kFaulted) != 0) return Error::BadState;
  if (client.set_aside_number >= kLastSetAside) return Error::Exhausted;

  client.set_aside_number++;
  client.callee = FrameNumber();
  caller.client = FrameNumber();
  caller.key &= ~Key::kSlowReply;
  if ((caller.key & Key::kAwaited) != 0) recheck(caller);
  put_aside(client);
  expedite(caller);  // it ran on the client's time, which is the client's again; its own may be parked
  this_cpu().reschedule = true;
  return u64{client.self.raw} | client.set_aside_number << kTokenFrameBits;
}

Result<void> Endpoint::reply_token(Thread& caller, u64 token, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4) {
  if (caller.self != server) return Error::BadState;
  FrameNumber frame(u32(token & (kMaximumFrames - 1)));
  if (frame.raw == 0 || frame.raw >= frame_count || info(frame).type != ObjectType::Thread) return Error::BadArgument;
  Thread& client = view<Thread>(frame);
  bool current = client.state == ThreadState::SetAside && client.set_aside_number == token >> kTokenFrameBits;
  if (!current || client.waiting_at != frame_of(*this)) return Error::BadState;

  withdraw_call(client);
  client.words = Words{{w0, w1, w2, w3, w4, 0}};
  complete(client, u64{kRegisterWords} << 32);
  return {};
}

Result<void> Endpoint::bind(Thread& caller, CapabilitySlot thread_slot) {
  if (thread_slot == kNoSlot) {
    unbind_server(*this);
    return {};
  }
  Capability& capability = TRY(check_capability(caller, thread_slot, ObjectType::Thread, right::Thread::Control));
  Thread& target = view<Thread>(capability.frame);
  if (target.endpoint.raw != 0 || server.raw != 0) return Error::Busy;
  TRY(check_open(info(frame_of(*this)).owner));
  TRY(check_open(info(capability.frame).owner));
  if (Error error = check_no_circle(frame_of(*this), capability.frame); error != kSuccess) return error;

  server = capability.frame;
  target.endpoint = frame_of(*this);
  recheck_door(*this);
  return {};
}

[[gnu::noinline]] void take_up(Thread& caller) {
  Endpoint& endpoint = view<Endpoint>(caller.waiting_at);
  withdraw_call(caller);
  if (endpoint.receiver.raw == 0) return enqueue_call(caller, true);
  Thread& server = view<Thread>(endpoint.receiver);
  complete(server, deliver(caller, message_of(caller), server));
}

Result<void> Endpoint::requeue(Thread&) {
  note_heavy_entry();
  if (server.raw != 0 && view<Thread>(server).client.raw != 0) {
    return_call(view<Thread>(server));
    if (!set_aside_calls.is_empty()) return Error::Again;
    return {};
  }
  // The last to be set aside goes first, so that the first ends up in front; a server that waits gets the first at once.
  FrameNumber next = receiver.raw != 0 ? set_aside_calls.first : set_aside_calls.last;
  if (next.raw != 0) {
    Thread& caller = view<Thread>(next);
    take_up(caller);
    if (!caller.parking.contexts.is_empty()) look_again(caller, 0);  // time that is parked there leads to the server from now on
  }
  if (!set_aside_calls.is_empty()) return Error::Again;
  return {};
}

Result<EndpointStatusResult> Endpoint::status(Thread&) { return EndpointStatusResult{server, callers != 0}; }

}  // namespace pith
