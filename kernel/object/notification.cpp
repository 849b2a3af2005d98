// Signals and waiting for them.
#include "kernel/object/notification.h"

#include "kernel/object/capability_space.h"
#include "kernel/object/thread.h"
#include "kernel/sched/scheduler.h"

namespace pith {

void signal_notification(Notification& notification, u64 new_bits) {
  if (new_bits == 0) return;
  if (notification.waiter.raw != 0) {
    Thread& waiter = view<Thread>(notification.waiter);
    notification.waiter = FrameNumber();
    waiter.words.w[0] = new_bits;
    complete(waiter, 0);
    return;
  }
  notification.bits |= new_bits;
  if (notification.bound.raw == 0) return;
  Thread& server = view<Thread>(notification.bound);
  if (server.state == ThreadState::Receiving) {
    server.words = Words{{notification.bits, 0, 0, 0, 0, 0}};
    notification.bits = 0;
    complete(server, Status::kSignals);
    return;
  }
  server.key |= Key::kSignalPending;
  if (server.state == ThreadState::Ready) expedite(server);
}

u64 take_signals(Thread& server) {
  server.key &= ~Key::kSignalPending;
  Notification& notification = view<Notification>(server.notification);
  u64 taken = notification.bits;
  notification.bits = 0;
  return taken;
}

[[gnu::noinline]] void unbind_notification(Notification& notification) {
  if (notification.bound.raw == 0) return;
  Thread& server = view<Thread>(notification.bound);
  server.notification = FrameNumber();
  server.key &= ~Key::kSignalPending;
  notification.bound = FrameNumber();
}

Result<void> Notification::signal(Thread&, Badge badge, u64 new_bits) {
  signal_notification(*this, badge.raw != 0 ? badge.raw : new_bits);
  return {};
}

Result<u64> Notification::wait(Thread& caller, u64 deadline) {
  if (waiter.raw != 0) return Error::Busy;
  if (bound.raw != 0) return Error::BadState;
  if (bits != 0) {
    u64 taken = bits;
    bits = 0;
    return taken;
  }
  if (take_interruption(caller)) return Error::Cancelled;
  if (deadline != 0 && deadline <= arch::now()) return Error::TimedOut;

  waiter = caller.self;
  caller.state = ThreadState::Waiting;
  caller.waiting_at = frame_of(*this);
  if (deadline != 0) {
    arm_timer(caller.self, deadline);
    caller.key |= Key::kDeadline;
  }
  return u64{0};
}

Result<u64> Notification::poll(Thread&) {
  u64 taken = bits;
  bits = 0;
  if (bound.raw != 0) view<Thread>(bound).key &= ~Key::kSignalPending;
  return taken;
}

Result<void> Notification::bind(Thread& caller, CapabilitySlot thread_slot) {
  if (thread_slot == kNoSlot) {
    unbind_notification(*this);
    return {};
  }
  Capability& capability = TRY(check_capability(caller, thread_slot, ObjectType::Thread, right::Thread::Control));
  Thread& target = view<Thread>(capability.frame);
  if (target.notification.raw != 0 || waiter.raw != 0) return Error::Busy;
  TRY(check_open(info(frame_of(*this)).owner));
  TRY(check_open(info(capability.frame).owner));

  unbind_notification(*this);
  bound = capability.frame;
  target.notification = frame_of(*this);
  u64 pending = bits;
  bits = 0;
  signal_notification(*this, pending);
  return {};
}

}  // namespace pith
