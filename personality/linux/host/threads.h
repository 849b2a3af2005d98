// Host: what a thread can be interrupted in.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace pith {

struct HostThread {
  std::mutex mutex;
  std::condition_variable condition;
  bool interrupted = false;
  bool woken = false;
  std::atomic<int> guest_process{0};
};

HostThread& current_thread();
/// Whether the thread was interrupted; the interruption is used up.
bool take_interruption();

}  // namespace pith
