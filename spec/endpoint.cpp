// Endpoints: calls wait by priority, one server takes and answers them, and a call that is not answered is never lost.
#include "spec/parts.h"

namespace pith::spec {

namespace {

constexpr u32 kTokenFrameBits = 24;
constexpr u64 kLastSetAside = (u64{1} << (64 - kTokenFrameBits)) - 1;

/// The priority that `thread` runs at: that of the time it uses, or has.
u8 priority_of(FrameNumber thread) {
  const Cpu& cpu = state.cpus[state.here];
  if (cpu.current == thread && cpu.context.raw != 0) return scheduling_contexts[cpu.context].priority;
  if (threads[thread].scheduling_context.raw != 0) return scheduling_contexts[threads[thread].scheduling_context].priority;
  return 0;
}

/// The call comes back in front of those that wait at its priority.
void wait_in_front(FrameNumber caller) {
  Thread& thread = threads[caller];
  // One without time of its own keeps its place among the priorities, or is given one.
  bool has_time = thread.scheduling_context.raw != 0;
  thread.level = has_time ? scheduling_contexts[thread.scheduling_context].priority : spec_level_without_time(caller.raw);
  thread.ticket = --state.first_ticket;
  thread.state = ThreadState::Calling;
}

/// The server, which is at its receive, gets the call.
void deliver(FrameNumber endpoint, FrameNumber caller, FrameNumber server) {
  Thread& thread = threads[caller];
  u64 status = thread.caller_badge.raw | transfer(caller, thread.message_words, thread.message_capabilities, server);
  if (thread.faulted) status |= Status::kFault;
  thread.state = ThreadState::WaitingForReply;
  thread.callee = server;
  thread.waiting_at = endpoint;
  threads[server].client = caller;
  complete(server, status);
}

/// The call in progress ends: its client goes on with what the server says, a faulted one where the server says.
void reply(FrameNumber server, u32 words, u32 capabilities) {
  FrameNumber client = threads[server].client;
  if (client.raw == 0) return;  // the client is gone
  Thread& thread = threads[client];
  threads[server].client = FrameNumber();
  thread.callee = FrameNumber();
  if (!thread.faulted) return complete(client, transfer(server, words, capabilities, client));
  u64 instruction = threads[server].words[0];
  if (instruction < kUserEnd) thread.registers[u64(Register::Rip)] = instruction;
  thread.faulted = false;
  thread.waiting_at = FrameNumber();
  thread.state = ThreadState::Ready;
}

/// The server takes signals, else the first call, else waits for either.
Error receive_next(FrameNumber self, FrameNumber server, u64 deadline) {
  Thread& thread = threads[server];
  FrameNumber notification = thread.notification;
  if (notification.raw != 0 && notifications[notification].bits != 0) {
    for (u32 i = 0; i < kRegisterWords; i++) thread.words[i] = i == 0 ? notifications[notification].bits : 0;
    notifications[notification].bits = 0;
    thread.result = Status::kSignals;
    return kSuccess;
  }
  FrameNumber caller(spec_first_waiting(self.raw));
  if (caller.raw != 0) {
    deliver(self, caller, server);
    return kSuccess;
  }
  if (take_interruption(server)) return Error::Cancelled;
  thread.state = ThreadState::Receiving;
  thread.waiting_at = self;
  thread.deadline = deadline;
  return kSuccess;
}

}  // namespace

void return_call(FrameNumber server) {
  FrameNumber client = threads[server].client;
  if (client.raw == 0) return;
  threads[server].client = FrameNumber();
  threads[client].callee = FrameNumber();
  wait_in_front(client);
}

void unbind_server(FrameNumber endpoint) {
  FrameNumber server = endpoints[endpoint].server;
  if (server.raw == 0) return;
  return_call(server);
  if (is_receiving(server)) cancel_wait(server, Error::Cancelled);
  threads[server].endpoint = FrameNumber();
  endpoints[endpoint].server = FrameNumber();
}

Error begin_call(FrameNumber endpoint, FrameNumber caller, Badge badge) {
  FrameNumber server = endpoints[endpoint].server;
  if (Error error = spec_walk_call(endpoint, caller); error != kSuccess) return error;

  Thread& thread = threads[caller];
  thread.caller_badge = badge;
  thread.waiting_at = endpoint;
  thread.level = priority_of(caller);
  thread.ticket = state.last_ticket++;
  thread.state = ThreadState::Calling;
  if (is_receiving(server)) deliver(endpoint, caller, server);
  return kSuccess;
}

Error endpoint_call(FrameNumber caller, FrameNumber self, Badge badge, Handle) {
  if (take_interruption(caller)) return Error::Cancelled;
  threads[caller].message_words = kRegisterWords;
  threads[caller].message_capabilities = 0;
  return begin_call(self, caller, badge);
}

Error endpoint_reply_receive(FrameNumber caller, FrameNumber self, Badge, Handle) {
  if (endpoints[self].server != caller) return Error::BadState;
  reply(caller, kRegisterWords, 0);
  return receive_next(self, caller, 0);
}

Error endpoint_call_message(FrameNumber caller, FrameNumber self, Badge badge, Handle handle) {
  Thread& thread = threads[caller];
  if (Error error = check_message(caller, handle); error != kSuccess) return error;
  if (take_interruption(caller)) return Error::Cancelled;
  u64 deadline = thread.buffer.raw != 0 ? spec_user_word(thread.buffer.raw, kDeadlineWord) : 0;
  thread.message_words = u8(handle.words());
  thread.message_capabilities = u8(handle.capabilities());
  if (Error error = begin_call(self, caller, badge); error != kSuccess) return error;
  thread.deadline = deadline;
  return kSuccess;
}

Error endpoint_reply_message(FrameNumber caller, FrameNumber self, Badge, Handle handle) {
  if (endpoints[self].server != caller) return Error::BadState;
  if (Error error = check_message(caller, handle); error != kSuccess) return error;
  reply(caller, handle.words(), handle.capabilities());
  return kSuccess;
}

Error endpoint_receive(FrameNumber caller, FrameNumber self, Badge, Handle) {
  if (endpoints[self].server != caller || threads[caller].client.raw != 0) return Error::BadState;
  return receive_next(self, caller, threads[caller].words[0]);
}

Error endpoint_set_aside(FrameNumber caller, FrameNumber self, Results& results) {
  FrameNumber client = threads[caller].client;
  if (endpoints[self].server != caller || client.raw == 0) return Error::BadState;
  Thread& thread = threads[client];
  if (thread.faulted) return Error::BadState;
  if (thread.set_aside_number >= kLastSetAside) return Error::Exhausted;

  thread.set_aside_number++;
  thread.callee = FrameNumber();
  thread.state = ThreadState::SetAside;
  thread.ticket = state.last_ticket++;
  threads[caller].client = FrameNumber();
  results = {{client.raw | thread.set_aside_number << kTokenFrameBits}};
  return kSuccess;
}

Error endpoint_reply_token(FrameNumber caller, FrameNumber self, u64 token, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4) {
  if (endpoints[self].server != caller) return Error::BadState;
  FrameNumber client(u32(token & ((1u << kTokenFrameBits) - 1)));
  if (!is_frame(client) || frames[client].type != ObjectType::Thread) return Error::BadArgument;
  Thread& thread = threads[client];
  bool is_current = thread.state == ThreadState::SetAside && thread.set_aside_number == token >> kTokenFrameBits;
  if (!is_current || thread.waiting_at != self) return Error::BadState;

  const u64 words[kRegisterWords] = {w0, w1, w2, w3, w4, 0};
  for (u32 i = 0; i < kRegisterWords; i++) thread.words[i] = words[i];
  complete(client, kShortMessage);
  return kSuccess;
}

Error endpoint_bind(FrameNumber caller, FrameNumber self, CapabilitySlot slot) {
  if (slot == kNoSlot) {
    unbind_server(self);
    return kSuccess;
  }
  FrameNumber thread = TRY(lookup(caller, slot, ObjectType::Thread, right::Thread::Control)).frame;
  if (threads[thread].endpoint.raw != 0 || endpoints[self].server.raw != 0) return Error::Busy;
  if (!is_open(frames[self].owner) || !is_open(frames[thread].owner)) return Error::Closing;
  if (Error error = spec_walk_circle(self, thread); error != kSuccess) return error;

  endpoints[self].server = thread;
  threads[thread].endpoint = self;
  return kSuccess;
}

Error endpoint_requeue(FrameNumber, FrameNumber self) {
  FrameNumber server = endpoints[self].server;
  if (server.raw != 0 && threads[server].client.raw != 0) {
    return_call(server);
    return spec_last_set_aside(self.raw) != 0 ? Error::Again : kSuccess;
  }
  // The last goes first, so that the first ends up in front; but a server that waits gets the first at once.
  FrameNumber caller(is_receiving(server) ? spec_first_set_aside(self.raw) : spec_last_set_aside(self.raw));
  if (caller.raw != 0) wait_in_front(caller);
  FrameNumber first(spec_first_waiting(self.raw));
  if (is_receiving(server) && first.raw != 0) deliver(self, first, server);
  return spec_last_set_aside(self.raw) != 0 ? Error::Again : kSuccess;
}

Error endpoint_status(FrameNumber, FrameNumber self, Results& results) {
  results = {{endpoints[self].server.raw, spec_first_waiting(self.raw) != 0}};
  return kSuccess;
}

}  // namespace pith::spec
