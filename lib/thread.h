// Threads of a component that manages its own memory.
#pragma once
#include <atomic>
#include <memory>

#include "abi/types.h"
#include "base/result.h"

namespace pith {

class FramePool;

/// A thread with stack, message buffer, time and a parker (the notification that it sleeps on). Its faults go to the supervisor, as those
/// of the first thread. It may use vector registers, but pays for each switch between them and those of its guest: hot paths are compiled
/// without.
class Thread {
 public:
  /// Starts `function(argument)` on a new thread. Its end is the end of the function or exit_current().
  /// `priority` is at most StartInformation::priority_ceiling; `stack_pages` 1…63. Errors: NoMemory, Limit, and those of the kernel.
  static Result<std::unique_ptr<Thread>> spawn(FramePool& pool, void (*function)(void*), void* argument, u32 priority, u64 stack_pages);

  /// Stops the thread wherever it is and gives back all that it has. Never called by the thread itself.
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// The calling thread. The first thread has an object, too.
  static Thread& current();
  /// Ends the calling thread. Its memory stays until another thread destroys it.
  [[noreturn]] static void exit_current();

  /// Its blocking operation, or its next one, answers Cancelled; a guest that it runs returns.
  void interrupt();
  /// Whether its function has ended.
  bool has_finished() const { return finished_.load(std::memory_order_acquire); }

  /// Nanoseconds that it has run on its own time.
  u64 time_used() const;

  CapabilitySlot slot() const { return slot_; }

  /// Sleeps until unpark() or `deadline` (0: none). May return without reason: the caller tests its condition. Errors: TimedOut, Cancelled.
  Result<void> park(u64 deadline);
  /// What it sleeps on.
  CapabilitySlot parker() const { return parker_; }
  /// Ends the park() of the thread with that parker, or its next one. Harmless when the thread is gone.
  static void unpark(CapabilitySlot parker);
  /// Gives the first thread its parker. Called by FramePool::instance().
  static Result<void> adopt_first(FramePool& pool);

 private:
  Thread() = default;
  friend struct ThreadStart;

  Result<void> build(u32 priority, u64 stack_pages);
  Result<void> map_stack(u64 stack_pages);
  Result<void> launch();

  FramePool* pool_ = nullptr;  // null for the first thread
  void (*function_)(void*) = nullptr;
  void* argument_ = nullptr;
  CapabilitySlot slot_ = kNoSlot, time_ = kNoSlot, parker_ = kNoSlot, vector_ = kNoSlot;
  FrameNumber buffer_{0};               // message buffer
  FrameNumber stack_{0}, unmapped_{0};  // lists of stack frames through FramePool::next_of
  u64 stack_place_ = 0, stack_pages_ = 0;
  std::atomic<bool> finished_{false};
};

}  // namespace pith
