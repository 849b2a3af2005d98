// Notification: sixty-four signal bits, taken by one waiting thread or delivered to a server at its receive.
#pragma once
#include "kernel/memory/view.h"

namespace pith {

/// Invariants: `waiter` is 0 or a thread in state Waiting at this notification, and then `bits` is 0;
/// `bound` is 0 or the thread whose `notification` is this frame.
struct alignas(kPageSize) Notification {
  static constexpr ObjectType kType = ObjectType::Notification;
  u64 bits;
  FrameNumber waiter;
  FrameNumber bound;

  Result<void> signal(Thread& caller, Badge badge, u64 bits);
  Result<u64> wait(Thread& caller, u64 deadline);
  Result<u64> poll(Thread& caller);
  Result<void> bind(Thread& caller, CapabilitySlot thread);
};

/// Sets bits: wakes the waiter, or the bound server at its receive, or leaves them pending.
void signal_notification(Notification& notification, u64 bits);

/// Takes the bits that are pending for the notification bound to `server`.
u64 take_signals(Thread& server);

/// Takes the tie between a notification and the thread it is bound to away.
void unbind_notification(Notification& notification);

}  // namespace pith
