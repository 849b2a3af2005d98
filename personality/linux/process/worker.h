// The personality's own threads: each carries one task at a time and waits for the next when that one ends.
#pragma once
#include <memory>

#include "lib/guest.h"
#include "lib/thread.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

/// A thread with a guest context. Kept for reuse: making one costs much more than a fork should.
class Worker {
 public:
  /// A worker that waits for a task; its guest will run in `space`.
  static Result<Worker*> acquire(AddressSpace& space);
  /// Starts running `task` on this worker.
  void start(Task& task);
  /// Gives back one that was acquired and never started.
  void give_up();
  void interrupt() { thread_->interrupt(); }
  Guest& guest() { return *guest_; }
  /// Its task has ended when it had used that much: what follows is the next one's.
  void note_end(u64 used) { time_before_ = used; }
  /// Nanoseconds that it has run.
  u64 time_used() const { return thread_->time_used(); }

 private:
  static void enter(void* self);
  void run();

  std::unique_ptr<Thread> thread_;
  std::unique_ptr<Guest> guest_;
  WaitQueue queue_;
  Task* task_ = nullptr;
  u64 time_before_ = 0;
  Worker* next_idle_ = nullptr;
  static Worker* idle_;
};

/// Runs a task until it has ended: enters the guest, handles what comes out. Called without the lock.
void run_task(Task& task);

}  // namespace pith::personality
