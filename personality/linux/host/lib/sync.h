// Host stand-in for lib/sync.h.
#pragma once
#include <mutex>

#include "base/result.h"

namespace pith {

struct QueuedThread;

class Mutex {
 public:
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class [[nodiscard]] Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() { mutex_.unlock(); }
  Lock(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

class WaitQueue {
 public:
  Result<void> wait(Mutex& held, u64 deadline = 0);
  void wake_one();
  void wake_all();

 private:
  QueuedThread* first_ = nullptr;
};

}  // namespace pith
