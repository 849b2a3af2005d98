// What root sees of components from outside: who waits for a message, who does not come back to its loop, and whether it could.
#include "abi/kernel.h"
#include "lib/heartbeat.h"
#include "lib/ipc/pulse.h"
#include "servers/root/component.h"
#include "servers/root/places.h"

namespace pith::root {

namespace {

constexpr u32 kMostHops = 8;  // of a chain of calls, as the kernel helps

bool is_in_call(ThreadState state) {
  return state == ThreadState::Calling || state == ThreadState::WaitingForReply || state == ThreadState::SetAside;
}

/// The component whose first thread is in `frame`, or null.
const Component* find_thread(std::span<const Component> all, FrameNumber frame) {
  for (const Component& one : all) {
    if (one.is_running() && one.thread_frame() == frame) return &one;
  }
  return nullptr;
}

/// Its own priority, or that of a client that waits for it: it may run on that one's time.
u32 priority_with_clients(std::span<const Component> all, const Component& component) {
  u32 priority = component.description().priority;
  const Component* server = &component;
  for (u32 hops = 0; hops < kMostHops; hops++) {
    auto status = kernel::Thread{server->thread()}.status();
    if (!status || status->client.raw == 0) break;
    server = find_thread(all, status->client);
    if (!server) break;
    if (server->description().priority > priority) priority = server->description().priority;
  }
  return priority;
}

}  // namespace

ThreadState Component::thread_state() const {
  auto status = kernel::Thread{thread()}.status();
  return running_ && status ? ThreadState(status->state) : ThreadState::Inactive;
}

bool Component::is_resting() const { return running_ && thread_state() == ThreadState::Receiving; }

u64 Component::pulse() {
  if (!running_ || !open_window(&message_buffer_, 1)) return 0;
  u64 pulse = reinterpret_cast<const volatile MessageBuffer*>(kCopyWindow)->words[ipc::kPulseWord];
  close_window(1);
  return pulse;
}

/// Whoever is ready above it at this moment may have become so just now; what counts is whether the CPU was theirs. Where somebody has come
/// or gone among them the sum says nothing, and is taken for too much.
u64 Component::weight(std::span<const Component> all, u64 time) {
  u32 priority = priority_with_clients(all, *this);
  u64 used = 0;
  for (const Component& other : all) {
    if (&other != this && other.is_running() && other.cpu() == cpu() && other.description().priority > priority) used += other.time_used();
  }
  u64 passed = time - weighed_at_, used_above = used - used_above_;
  weighed_at_ = time;
  used_above_ = used;
  ThreadState state = thread_state();
  if (is_in_call(state)) return Heartbeat::kInCall;
  return state == ThreadState::Ready && used_above > passed / 2 ? Heartbeat::kHindered : Heartbeat::kFree;
}

}  // namespace pith::root
