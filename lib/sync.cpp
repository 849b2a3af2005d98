// The waiting half of Mutex and WaitQueue: queues of stack nodes, sleep on the thread's parker.
#include "lib/sync.h"

#include "abi/error.h"
#include "lib/thread.h"

namespace pith {

struct Waiter {
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  CapabilitySlot parker;  // copied: after `woken` is set neither this node nor its Thread may be touched
  std::atomic<bool> woken{false};
};

namespace {

void wake(Waiter& waiter) {
  CapabilitySlot parker = waiter.parker;
  // release: what the waker wrote before is seen by the woken thread, which loads with acquire.
  waiter.woken.store(true, std::memory_order_release);
  Thread::unpark(parker);
}

}  // namespace

void Mutex::lock_slowly() {
  Thread& thread = Thread::current();
  bool interrupted = false;
  u64 state = state_.load(std::memory_order_relaxed);
  for (;;) {
    if (!(state & kHeld)) {
      // acquire: as in lock().
      if (state_.compare_exchange_weak(state, state | kHeld, std::memory_order_acquire, std::memory_order_relaxed)) break;
      continue;
    }
    Waiter self{.next = reinterpret_cast<Waiter*>(state & ~kHeld), .parker = thread.parker()};
    // release: the holder that takes this node from the list reads what we wrote into it.
    if (!state_.compare_exchange_weak(state, reinterpret_cast<u64>(&self) | kHeld, std::memory_order_release, std::memory_order_relaxed))
      continue;
    // acquire: pairs with wake(). Once woken, this node is in no list.
    while (!self.woken.load(std::memory_order_acquire)) {
      Result<void> parked = thread.park(0);
      if (!parked && parked.error() == Error::Cancelled) interrupted = true;
    }
    state = state_.load(std::memory_order_relaxed);
  }
  if (interrupted) thread.interrupt();
}

/// Lets go first and wakes then. The woken thread takes the lock or queues up again behind its holder, who will wake it: nobody is
/// forgotten, and waiters that came in the meantime are found by the next unlock.
void Mutex::unlock_slowly() {
  if (!queue_) {
    // Newcomers only add in front, so after this exchange the list is ours; acquire: we read their nodes.
    u64 state = state_.exchange(kHeld, std::memory_order_acquire);
    for (auto* waiter = reinterpret_cast<Waiter*>(state & ~kHeld); waiter;) {
      Waiter* newer = waiter;
      waiter = waiter->next;
      newer->next = queue_;
      queue_ = newer;
    }
  }
  Waiter* next = queue_;
  if (next) queue_ = next->next;
  // release: as in unlock().
  state_.fetch_and(~kHeld, std::memory_order_release);
  if (next) wake(*next);
}

Result<void> WaitQueue::wait(Mutex& held, u64 deadline) {
  Thread& thread = Thread::current();
  Waiter self{.previous = last_, .parker = thread.parker()};
  (last_ ? last_->next : first_) = &self;
  last_ = &self;
  held.unlock();
  Error error = kSuccess;
  // acquire: pairs with wake().
  while (!self.woken.load(std::memory_order_acquire) && error == kSuccess) error = thread.park(deadline).error();
  held.lock();
  if (self.woken.load(std::memory_order_relaxed)) {
    if (error == Error::Cancelled) thread.interrupt();
    return {};
  }
  remove(self);
  return error;
}

void WaitQueue::wake_one() {
  if (!first_) return;
  Waiter& waiter = *first_;
  remove(waiter);
  wake(waiter);
}

void WaitQueue::wake_all() {
  while (first_) wake_one();
}

void WaitQueue::remove(Waiter& waiter) {
  (waiter.previous ? waiter.previous->next : first_) = waiter.next;
  (waiter.next ? waiter.next->previous : last_) = waiter.previous;
}

}  // namespace pith
