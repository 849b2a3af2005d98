// Notifications: bits are never lost, wake one waiting thread, or reach a server at its receive.
#include "spec/parts.h"

namespace pith::spec {

void signal(FrameNumber self, u64 bits) {
  Notification& notification = notifications[self];
  if (bits == 0) return;
  if (notification.waiter.raw != 0) {
    threads[notification.waiter].words[0] = bits;
    complete(notification.waiter, 0);
    notification.waiter = FrameNumber();
    return;
  }
  notification.bits |= bits;
  if (!is_receiving(notification.bound)) return;
  Thread& server = threads[notification.bound];
  for (u32 i = 0; i < kRegisterWords; i++) server.words[i] = i == 0 ? notification.bits : 0;
  notification.bits = 0;
  complete(notification.bound, Status::kSignals);
}

void unbind_notification(FrameNumber self) {
  FrameNumber bound = notifications[self].bound;
  if (bound.raw == 0) return;
  threads[bound].notification = FrameNumber();
  notifications[self].bound = FrameNumber();
}

Error notification_signal(FrameNumber, FrameNumber self, Badge badge, u64 bits) {
  signal(self, badge.raw != 0 ? badge.raw : bits);
  return kSuccess;
}

Error notification_wait(FrameNumber caller, FrameNumber self, u64 deadline, Results& results) {
  Notification& notification = notifications[self];
  if (notification.waiter.raw != 0) return Error::Busy;
  if (notification.bound.raw != 0) return Error::BadState;
  results = {{notification.bits}};
  if (notification.bits != 0) {
    notification.bits = 0;
    return kSuccess;
  }
  if (take_interruption(caller)) return Error::Cancelled;
  if (deadline != 0 && deadline <= state.now) return Error::TimedOut;

  notification.waiter = caller;
  threads[caller].state = ThreadState::Waiting;
  threads[caller].waiting_at = self;
  threads[caller].deadline = deadline;
  return kSuccess;
}

Error notification_poll(FrameNumber, FrameNumber self, Results& results) {
  results = {{notifications[self].bits}};
  notifications[self].bits = 0;
  return kSuccess;
}

Error notification_bind(FrameNumber caller, FrameNumber self, CapabilitySlot slot) {
  Notification& notification = notifications[self];
  if (slot == kNoSlot) {
    unbind_notification(self);
    return kSuccess;
  }
  FrameNumber thread = TRY(lookup(caller, slot, ObjectType::Thread, right::Thread::Control)).frame;
  if (threads[thread].notification.raw != 0 || notification.waiter.raw != 0) return Error::Busy;
  if (!is_open(frames[self].owner) || !is_open(frames[thread].owner)) return Error::Closing;

  unbind_notification(self);
  notification.bound = thread;
  threads[thread].notification = self;
  u64 pending = notification.bits;
  notification.bits = 0;
  signal(self, pending);
  return kSuccess;
}

}  // namespace pith::spec
