// The fast paths of IPC between two threads that are ready for each other: short and long calls, replies, receiving, and signals. Everything else goes
// the slow way, with nothing changed but what the caller asked for.
#include "kernel/ipc/fast.h"

#include "kernel/ipc/message.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/scheduler.h"

namespace pith {

namespace {

[[gnu::always_inline]] inline bool likely(bool condition) { return __builtin_expect(condition, 1); }

/// The slot that a handle names, in two loads without bounds checks: the handle's fields cannot exceed the tables, and frame 0 is an empty table.
[[gnu::always_inline]] inline const Capability& named(const Thread& thread, u64 handle) {
  FrameNumber table = capability_spaces[thread.capabilities.raw].table[handle >> 2 & (kTablesPerSpace - 1)];
  return capability_tables[table.raw].slot[handle >> 24 & (kSlotsPerTable - 1)];
}

/// Notes a call in its caller: the message stays there, and is delivered again when the server dies or sets the call aside.
[[gnu::always_inline]] inline void note_call(Thread& caller, const Capability& capability, u64 handle, const Words& words) {
  caller.words = words;
  caller.handle = handle;
  caller.waiting_at = capability.frame;
  caller.caller_badge = capability.badge;
}

/// The server that waits for the noted call; frame 0 is none.
[[gnu::always_inline]] inline FrameNumber ready_server(const Thread& caller, const Capability& capability) {
  if (!likely(capability.allows(ObjectType::Endpoint, right::Endpoint::Call))) return FrameNumber();
  return endpoints[caller.waiting_at.raw].receiver;
}

/// The server in `receiver` takes the noted call over, and the time that its caller ran on.
[[gnu::always_inline]] inline void take_call(Thread& caller, FrameNumber receiver) {
  Thread& server = threads[receiver.raw];
  endpoints[caller.waiting_at.raw].receiver = FrameNumber();
  server.client = caller.self;
  server.state = ThreadState::Ready;
  caller.state = ThreadState::WaitingForReply;
  caller.callee = receiver;
}

/// The capability is the server's own to receive with.
[[gnu::always_inline]] inline bool is_its_endpoint(const Thread& server, const Capability& capability) {
  if (!likely(capability.allows(ObjectType::Endpoint, right::Endpoint::Receive))) return false;
  return likely(capability.frame == server.endpoint);
}

[[gnu::always_inline]] inline void end_call(Thread& server, Thread& client) {
  client.state = ThreadState::Ready;
  client.callee = FrameNumber();
  server.client = FrameNumber();
}

[[gnu::always_inline]] inline void begin_receive(Thread& server, Endpoint& endpoint) {
  server.state = ThreadState::Receiving;
  server.waiting_at = server.endpoint;
  endpoint.receiver = server.self;
}

/// A handle above which there are capabilities: what stands in bits 32 and above is a length alone if it is at most 64.
[[gnu::always_inline]] inline u64 length_of(u64 handle) { return handle >> 32; }

/// The context is the only one in the list of those that are parked on its thread.
[[gnu::always_inline]] inline bool waits_alone(const List& parked, FrameNumber context) {
  return parked.first == context && parked.last == context;
}

}  // namespace

extern "C" PITH_FAST_CALL void fast_call(PITH_FAST_PARAMETERS) {
  Thread& caller = *current;
  const Capability capability = named(caller, handle);
  note_call(caller, capability, handle, Words{{w0, w1, w2, w3, w4, w5}});
  FrameNumber receiver = ready_server(caller, capability);
  if (!likely(receiver.raw != 0)) PITH_GO_SLOW_AS_NOTED;
  Thread& server = threads[receiver.raw];
  if (!likely(server.key == caller.key)) PITH_GO_SLOW_AS_NOTED;

  take_call(caller, receiver);
  u64 badge = caller.caller_badge.raw | u64{kRegisterWords} << 32;
  [[clang::musttail]] return fast_resume(PITH_FAST_ARGUMENTS(badge, &server));
}

extern "C" PITH_FAST_CALL void fast_reply_receive(PITH_FAST_PARAMETERS) {
  Thread& server = *current;
  FrameNumber waiting = server.client;
  if (!likely(waiting.raw != 0)) PITH_GO_SLOW;
  Thread& client = threads[waiting.raw];
  if (!likely(client.key == server.key)) PITH_GO_SLOW;
  if (!likely(server.key <= Key::kCpuMask)) PITH_GO_SLOW;
  if (!likely(is_its_endpoint(server, named(server, handle)))) PITH_GO_SLOW;
  Endpoint& endpoint = endpoints[server.endpoint.raw];
  if (!likely(endpoint.callers == 0)) PITH_GO_SLOW;

  end_call(server, client);
  begin_receive(server, endpoint);
  [[clang::musttail]] return fast_resume(PITH_FAST_ARGUMENTS(u64{kRegisterWords} << 32, &client));
}

/// As fast_call, with up to 64 words and no deadline.
extern "C" PITH_FAST_CALL void fast_call_message(PITH_FAST_PARAMETERS) {
  Thread& caller = *current;
  const Capability capability = named(caller, handle);
  note_call(caller, capability, handle, Words{{w0, w1, w2, w3, w4, w5}});
  FrameNumber receiver = ready_server(caller, capability);
  if (!likely(receiver.raw != 0)) PITH_GO_SLOW_AS_NOTED;
  Thread& server = threads[receiver.raw];
  if (!likely(server.key == caller.key)) PITH_GO_SLOW_AS_NOTED;
  u64 length = length_of(handle);
  if (!likely(length <= kMessageWords)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(caller.buffer.raw != 0)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(server.buffer.raw != 0)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(data_pages[caller.buffer.raw].words[offsetof(MessageBuffer, deadline) / 8] == 0)) PITH_GO_SLOW_AS_NOTED;

  take_call(caller, receiver);
  copy_buffer(data_pages[caller.buffer.raw], data_pages[server.buffer.raw], length);
  u64 badge = caller.caller_badge.raw | length << 32;
  [[clang::musttail]] return fast_resume(PITH_FAST_ARGUMENTS(badge, &server));
}

/// The server goes on on the time that came with the call, until it receives or the scheduler is asked.
extern "C" PITH_FAST_CALL void fast_reply_message(PITH_FAST_PARAMETERS) {
  Thread& server = *current;
  FrameNumber waiting = server.client;
  if (!likely(waiting.raw != 0)) PITH_GO_SLOW;
  Thread& client = threads[waiting.raw];
  if (!likely(client.key == server.key)) PITH_GO_SLOW;
  if (!likely(server.key <= Key::kCpuMask)) PITH_GO_SLOW;
  if (!likely(is_its_endpoint(server, named(server, handle)))) PITH_GO_SLOW;
  u64 length = length_of(handle);
  if (!likely(length <= kMessageWords)) PITH_GO_SLOW;
  if (!likely(server.buffer.raw != 0)) PITH_GO_SLOW;
  if (!likely(client.buffer.raw != 0)) PITH_GO_SLOW;

  end_call(server, client);
  server.key |= Key::kLentTime;
  client.words = Words{{w0, w1, w2, w3, w4, w5}};
  client.result = length << 32;
  copy_buffer(data_pages[server.buffer.raw], data_pages[client.buffer.raw], length);
  [[clang::musttail]] return fast_go_on(PITH_FAST_ARGUMENTS(0, current));
}

/// Receiving right after fast_reply_message: nothing has happened since, so the client that was answered has the time in use, and goes on.
extern "C" PITH_FAST_CALL void fast_receive(PITH_FAST_PARAMETERS) {
  Thread& server = *current;
  if (!likely(is_its_endpoint(server, named(server, handle)))) PITH_GO_SLOW;
  Endpoint& endpoint = endpoints[server.endpoint.raw];
  if (!likely(endpoint.callers == 0)) PITH_GO_SLOW;
  u64 deadline = w0;
  if (!likely(deadline == 0)) PITH_GO_SLOW;
  FrameNumber context = this_cpu().context;
  if (!likely(context.raw != 0)) PITH_GO_SLOW;
  Thread& next = threads[scheduling_contexts[context.raw].thread.raw];
  // A thread that serves somebody while it runs on time of its own must not answer on the fast path: the scheduler sees to that.
  if (!likely(next.state == ThreadState::Ready && next.client.raw == 0)) PITH_GO_SLOW;
  u32 key = next.key;
  if (!likely(key <= Key::kCpuMask)) PITH_GO_SLOW;
  if (!likely(server.key == (key | Key::kLentTime))) PITH_GO_SLOW;

  server.key = key;
  begin_receive(server, endpoint);
  [[clang::musttail]] return fast_return(PITH_FAST_ARGUMENTS(handle, &next));
}

/// A signal that wakes a thread whose own time is higher than all that is ready on this CPU: it goes on at once, as the scheduler would have it.
extern "C" PITH_FAST_CALL void fast_signal(PITH_FAST_PARAMETERS) {
  Thread& caller = *current;
  const Capability capability = named(caller, handle);
  caller.words = Words{{w0, w1, w2, w3, w4, w5}};
  caller.handle = handle;
  if (!likely(capability.allows(ObjectType::Notification, right::Notification::Signal))) PITH_GO_SLOW_AS_NOTED;
  Notification& notification = notifications[capability.frame.raw];
  FrameNumber waiting = notification.waiter;
  if (!likely(waiting.raw != 0)) PITH_GO_SLOW_AS_NOTED;
  Thread& waiter = threads[waiting.raw];
  u64 bits = capability.badge.raw != 0 ? capability.badge.raw : caller.words.w[0];
  if (!likely(bits != 0)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(waiter.key == caller.key)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(caller.key <= Key::kCpuMask)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(waiter.client.raw == 0)) PITH_GO_SLOW_AS_NOTED;
  FrameNumber woken = waiter.scheduling_context;
  if (!likely(woken.raw != 0 && waits_alone(waiter.parking.contexts, woken))) PITH_GO_SLOW_AS_NOTED;
  Cpu& cpu = this_cpu();
  SchedulingContext& time = scheduling_contexts[woken.raw];
  if (!likely(time.cpu == cpu.number && cpu.ready >> time.priority == 0)) PITH_GO_SLOW_AS_NOTED;
  if (!likely(cpu.context.raw != 0 && !needs_schedule(cpu))) PITH_GO_SLOW_AS_NOTED;
  SchedulingContext& used = scheduling_contexts[cpu.context.raw];
  u64 now = arch::now();
  u64 passed = now - cpu.last_accounted;
  if (!likely(passed < used.left)) PITH_GO_SLOW_AS_NOTED;

  caller.result = 0;
  notification.waiter = FrameNumber();
  waiter.waiting_at = FrameNumber();
  waiter.words.w[0] = bits;
  waiter.result = 0;
  waiter.state = ThreadState::Ready;
  charge(used, passed);
  cpu.last_accounted = now;
  begin_turn(cpu, woken, waiter);
  [[clang::musttail]] return fast_return(PITH_FAST_ARGUMENTS_AS_NOTED(&waiter));
}

extern "C" PITH_FAST_CALL void fast_operation(PITH_FAST_PARAMETERS) {
  u64 operation = handle & Handle::kOperationMask;
  if (operation == Handle::operation(u32(Operation::EndpointCallMessage), CapabilitySlot()).raw)
    [[clang::musttail]] return fast_call_message(PITH_FAST_ARGUMENTS(handle, current));
  if (operation == Handle::operation(u32(Operation::EndpointReplyMessage), CapabilitySlot()).raw)
    [[clang::musttail]] return fast_reply_message(PITH_FAST_ARGUMENTS(handle, current));
  if (operation == Handle::operation(u32(Operation::EndpointReceive), CapabilitySlot()).raw)
    [[clang::musttail]] return fast_receive(PITH_FAST_ARGUMENTS(handle, current));
  if (Handle{handle}.operation_code() == u32(Operation::NotificationSignal))
    [[clang::musttail]] return fast_signal(PITH_FAST_ARGUMENTS(handle, current));
  PITH_GO_SLOW;
}

}  // namespace pith
