// The fast path of IPC: call, and reply with receive, between two threads that are ready for each other. Everything else goes the slow way, with nothing changed.
#include "kernel/ipc/fast.h"

#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/thread.h"
#include "kernel/sync/lock.h"

namespace pith {

namespace {

[[gnu::always_inline]] inline bool likely(bool condition) { return __builtin_expect(condition, 1); }

/// The slot that a handle names, in two loads without bounds checks: the handle's fields cannot exceed the tables, and frame 0 is an empty table.
[[gnu::always_inline]] inline const Capability& named(const Thread& thread, u64 handle) {
  FrameNumber table = capability_spaces[thread.capabilities.raw].table[handle >> 2 & (kTablesPerSpace - 1)];
  return capability_tables[table.raw].slot[handle >> 24 & (kSlotsPerTable - 1)];
}

}  // namespace

extern "C" PITH_FAST_CALL void fast_call(PITH_FAST_PARAMETERS) {
  kernel_lock.acquire();
  Thread& caller = *current;
  const Capability& capability = named(caller, handle);
  // Noted first: the message stays with the caller, and is delivered again when the server dies or sets the call aside.
  caller.words = Words{{w0, w1, w2, w3, w4, w5}};
  caller.handle = handle;
  caller.waiting_at = capability.frame;
  caller.caller_badge = capability.badge;
  if (!likely(capability.allows(ObjectType::Endpoint, right::Endpoint::Call))) PITH_GO_SLOW_AS_NOTED;
  Endpoint& endpoint = endpoints[caller.waiting_at.raw];
  FrameNumber receiver = endpoint.receiver;
  if (!likely(receiver.raw != 0)) PITH_GO_SLOW_AS_NOTED;
  Thread& server = threads[receiver.raw];
  if (!likely(server.key == caller.key)) PITH_GO_SLOW_AS_NOTED;

  endpoint.receiver = FrameNumber();
  server.client = caller.self;
  server.state = ThreadState::Ready;
  caller.state = ThreadState::WaitingForReply;
  caller.callee = receiver;
  u64 badge = caller.caller_badge.raw | u64{kRegisterWords} << 32;
  [[clang::musttail]] return fast_resume(PITH_FAST_ARGUMENTS(badge, &server));
}

extern "C" PITH_FAST_CALL void fast_reply_receive(PITH_FAST_PARAMETERS) {
  kernel_lock.acquire();
  Thread& server = *current;
  FrameNumber waiting = server.client;
  if (!likely(waiting.raw != 0)) PITH_GO_SLOW;
  Thread& client = threads[waiting.raw];
  if (!likely(client.key == server.key)) PITH_GO_SLOW;
  if (!likely(server.key <= Key::kCpuMask)) PITH_GO_SLOW;
  const Capability& capability = named(server, handle);
  if (!likely(capability.allows(ObjectType::Endpoint, right::Endpoint::Receive))) PITH_GO_SLOW;
  if (!likely(capability.frame == server.endpoint)) PITH_GO_SLOW;
  Endpoint& endpoint = endpoints[server.endpoint.raw];
  if (!likely(endpoint.callers == 0)) PITH_GO_SLOW;

  endpoint.receiver = server.self;
  server.client = FrameNumber();
  server.state = ThreadState::Receiving;
  server.waiting_at = server.endpoint;
  client.state = ThreadState::Ready;
  client.callee = FrameNumber();
  [[clang::musttail]] return fast_resume(PITH_FAST_ARGUMENTS(u64{kRegisterWords} << 32, &client));
}

extern "C" PITH_FAST_CALL void fast_operation(PITH_FAST_PARAMETERS) {
  kernel_lock.acquire();
  PITH_GO_SLOW;
}

}  // namespace pith
