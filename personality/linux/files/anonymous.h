// Files without a name: counters of events and timers that one waits for like for any file.
#pragma once
#include <vector>

#include "personality/linux/files/file.h"
#include "personality/linux/process/wait_list.h"

namespace pith::personality {

/// An inode for a file that has none of its own.
Reference<Inode> make_anonymous_inode();

/// A timer as a file; run_timers() looks after all of them. Guarded by the environment's lock.
class TimerFile final : public File {
 public:
  explicit TimerFile(u32 clock);
  ~TimerFile() override;
  Result<u64> read(Task& task, Transfer& to, u64) override;
  u32 poll(Task& task, Poller* poller) override;
  /// Counts what has run out by `time`; when to look again, 0: never.
  u64 look(u64 time);
  void set(u64 deadline, u64 interval);

  const u32 clock;
  u64 deadline = 0, interval = 0;  ///< nanoseconds since boot; 0: not running
  static std::vector<TimerFile*>& all();

 private:
  u64 expirations_ = 0;
  WaitList changed_;
};

}  // namespace pith::personality
