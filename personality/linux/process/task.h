// A Linux task: one thread of control of a process, run as a guest by one of the personality's own threads.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "lib/guest.h"
#include "lib/sync.h"
#include "personality/linux/files/file_table.h"
#include "personality/linux/memory/address_space.h"
#include "personality/linux/process/wait_list.h"
#include "personality/linux/signal/signals.h"

namespace pith::personality {

class Process;
class Worker;

/// Who a process is.
struct Credentials {
  u32 uid = 0, effective_uid = 0, saved_uid = 0;
  u32 gid = 0, effective_gid = 0, saved_gid = 0;
  std::vector<u32> groups = {};

  bool in_group(u32 group) const {
    if (group == effective_gid) return true;
    for (u32 other : groups)
      if (other == group) return true;
    return false;
  }
  bool is_root() const { return effective_uid == 0; }
};

/// Who runs before whom, as programs have asked for it.
struct Scheduling {
  struct Policy {
    static constexpr u32 Other = 0, Fifo = 1, RoundRobin = 2, Batch = 3, Idle = 5, Deadline = 6;
  };
  static constexpr i32 kLeastNice = -20, kMostNice = 19;
  u32 policy = Policy::Other;
  u32 priority = 0;  ///< 1…99 for Fifo and RoundRobin, else 0
  i32 nice = 0;
  bool reset_on_fork = false;
};

/// Where relative paths begin, and what new files may not allow.
struct FilesystemContext final : Counted {
  Reference<Inode> root, current;
  u32 umask = 022;
};

/// Everything but `attention` and `tid` is guarded by the environment's lock, or used by the task's own thread only.
class Task {
 public:
  Task(Process& process, i32 tid) : process(process), tid(tid) {}
  Task(const Task&) = delete;

  /// Waits on `list`: woken (perhaps for nothing), TimedOut, or Restart when a signal wants attention.
  Result<void> wait_on(WaitList& list, u64 deadline = 0);
  /// Waits until wake().
  Result<void> sleep(u64 deadline = 0);
  /// Waits until wake() or until the task must end; signals stay pending.
  void sleep_through_signals();
  void wake();
  /// Looks after signals soon: breaks off sleep and guest.
  void notify();
  /// Whether a signal waits that is not blocked.
  bool has_signal() const;
  bool must_end() const;
  /// Sets the guest's answer and nothing else.
  GuestRegisters& registers() { return guest->registers(); }
  AddressSpace& memory() { return *space; }

  Process& process;
  i32 tid;  ///< changes only when execve is called by another task than the process's first
  Worker* worker = nullptr;
  u64 worker_time_before = 0;  ///< nanoseconds that the worker had used when it began with this task
  Guest* guest = nullptr;      ///< the worker's
  Reference<AddressSpace> space;
  Reference<FileTable> files;
  Reference<FilesystemContext> context;

  SignalSet blocked;
  SignalSet saved_blocked;  ///< mask to return to after rt_sigsuspend, ppoll, pselect
  bool has_saved_blocked = false;
  PendingSignals pending;
  SignalStack signal_stack;
  Scheduling scheduling;
  u64 robust_list = 0;            ///< head of the list of locks to repair at the end
  u64 clear_child_tid = 0;        ///< zeroed and woken at the end
  u64 restart_deadline = 0;       ///< of a call that is run again
  u64 call_number = 0;            ///< of the call being handled
  Error broken_off = kSuccess;    ///< is_restart: the last call wants to run again
  Task* vfork_parent = nullptr;   ///< waits until this one leaves its memory
  bool vfork_released = false;    ///< its vfork child has left
  std::atomic<u32> attention{0};  ///< not 0: look at signals before entering the guest. relaxed: the notifier also interrupts the thread
  bool ending = false;            ///< exit was asked for
  bool sleeping = false;
  bool woken = false;

 private:
  WaitQueue queue_;
};

}  // namespace pith::personality
