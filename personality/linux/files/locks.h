// Locks on files: of ranges, by processes or open files (fcntl), and of the whole, by open files (flock).
#pragma once
#include <vector>

#include "personality/linux/files/file.h"
#include "personality/linux/process/wait_list.h"

namespace pith::personality {

enum class LockKind : u8 { Shared, Exclusive };
/// Ranges and whole files do not see each other, as on Linux.
enum class LockFamily : u8 { Range, Whole };

/// A lock that is held. `end` is exclusive; to the end of the file: ~0.
struct FileLock {
  LockFamily family = LockFamily::Range;
  LockKind kind = LockKind::Shared;
  const void* owner = nullptr;  ///< a process's descriptors (FileTable), or an open File
  i32 pid = 0;                  ///< of who took it; -1: an open file's
  u64 start = 0, end = ~u64{0};

  bool overlaps(const FileLock& other) const { return start < other.end && other.start < end; }
};

/// All locks of one inode. Guarded by the environment's lock.
class FileLocks {
 public:
  /// The first lock in the file of somebody else that keeps `wanted` from being taken, or null.
  const FileLock* conflict(const FileLock& wanted) const;
  /// Takes `lock` in the place of what its owner has there. Nobody else is asked.
  void take(const FileLock& lock);
  /// Gives back what `lock`'s owner has of its family in its range.
  void release(const FileLock& lock);
  void release_all(const void* owner);
  bool is_empty() const { return locks_.empty(); }

  WaitList changed;  ///< wakes those who wait for a lock

 private:
  std::vector<FileLock> locks_;
};

/// fcntl's commands 5 to 7 (a process's locks) and 36 to 38 (an open file's); `argument` is a struct flock.
Result<u64> control_lock(Task& task, Reference<File> file, u32 command, GuestAddress argument);
/// A process closes a descriptor of `inode`: its own locks there are gone, whatever other descriptors it has.
void release_process_locks(Inode& inode, const void* owner);

}  // namespace pith::personality
