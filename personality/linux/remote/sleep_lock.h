// A lock that may be held while the environment's lock is let go.
#pragma once
#include "personality/linux/environment.h"

namespace pith::personality {

/// Excludes other threads from something that takes a server's answer. The environment's lock is held when it is taken and given back.
/// Signals wait until the holder is done, as they do for disks on Linux.
class SleepLock {
 public:
  void lock() {
    while (held_) (void)queue_.wait(environment().lock);
    held_ = true;
  }
  void unlock() {
    held_ = false;
    queue_.wake_one();
  }
  bool is_held() const { return held_; }

 private:
  bool held_ = false;
  WaitQueue queue_;
};

class [[nodiscard]] SleepHold {
 public:
  explicit SleepHold(SleepLock& lock) : lock_(lock) { lock_.lock(); }
  ~SleepHold() { lock_.unlock(); }
  SleepHold(const SleepHold&) = delete;

 private:
  SleepLock& lock_;
};

}  // namespace pith::personality
