// Host stand-in for lib/thread.h.
#pragma once
#include <memory>

#include "base/result.h"

namespace pith {

class FramePool;
struct HostThread;

class Thread {
 public:
  static Result<std::unique_ptr<Thread>> spawn(FramePool& pool, void (*function)(void*), void* argument, u32 priority, u64 stack_pages);
  void interrupt();
  u64 time_used() const;

 private:
  std::shared_ptr<HostThread> state_;
};

}  // namespace pith
