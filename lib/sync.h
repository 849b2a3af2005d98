// Mutual exclusion and waiting between threads of one component: atomics in the common case, the thread's parker when it must wait.
#pragma once
#include <atomic>

#include "base/result.h"
#include "base/types.h"

namespace pith {

/// A place in a queue, on the stack of the thread that waits.
struct Waiter;

/// Excludes other threads. Whoever lets go wakes the thread that waits longest, but a running thread may take the lock again before that
/// one gets there: so threads of one priority do not change places at every unlock. Not recursive. Never cancelled: an interruption that
/// arrives while waiting is kept for the next blocking operation.
class Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    u64 expected = kFree;
    // acquire: what the holder before wrote is seen from here on.
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed)) [[unlikely]]
      lock_slowly();
  }
  bool try_lock() {
    u64 expected = kFree;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {
    u64 expected = kHeld;
    // release: what was written under the lock is seen by the next holder. `queue_` is looked at only by the holder.
    if (queue_ || !state_.compare_exchange_strong(expected, kFree, std::memory_order_release, std::memory_order_relaxed)) [[unlikely]]
      unlock_slowly();
  }

 private:
  static constexpr u64 kFree = 0, kHeld = 1;

  void lock_slowly();
  void unlock_slowly();

  std::atomic<u64> state_{kFree};  // bit 0: held; the rest: the newest Waiter that has arrived since the last look
  Waiter* queue_ = nullptr;        // waiters before those, in order of arrival; only the holder touches it
};

/// Holds a mutex for a scope.
class [[nodiscard]] Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

/// Threads that wait for a condition that a mutex protects. All waiters and wakers of one queue hold the same mutex.
class WaitQueue {
 public:
  constexpr WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  /// Lets `held` go, waits to be woken, takes it again. `deadline` in nanoseconds since boot, 0: none.
  /// Errors: TimedOut; Cancelled when the thread was interrupted (the interruption is used up). One that was woken in time gets no error.
  Result<void> wait(Mutex& held, u64 deadline = 0);
  /// Wakes the thread that has waited longest. The mutex is held.
  void wake_one();
  /// Wakes all. The mutex is held.
  void wake_all();
  bool is_empty() const { return !first_; }

 private:
  void remove(Waiter& waiter);

  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace pith
