// Taking, splitting, waiting for and losing locks on files.
#include "personality/linux/files/locks.h"

#include <map>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"

namespace pith::personality {

namespace {

/// struct flock.
struct LockRequest {
  int16_t type, origin;
  i32 pad;
  i64 start, length;
  i32 pid;
  i32 pad2;
};
static_assert(sizeof(LockRequest) == 32);
constexpr int16_t kRead = 0, kWrite = 1, kNone = 2;

/// Who waits for whom: owners of ranges only. Guarded by the environment's lock.
std::map<const void*, const void*>& waiting_for() {
  [[clang::no_destroy]] static std::map<const void*, const void*> map;
  return map;
}

/// Whether `owner` waiting for `holder` would close a circle.
bool would_deadlock(const void* owner, const void* holder) {
  constexpr u32 kLongest = 64;
  for (u32 steps = 0; steps < kLongest; steps++) {
    if (holder == owner) return true;
    auto next = waiting_for().find(holder);
    if (next == waiting_for().end()) return false;
    holder = next->second;
  }
  return false;
}

FileLocks& locks_of(Inode& inode) {
  if (!inode.locks) inode.locks = std::make_unique<FileLocks>();
  return *inode.locks;
}

/// The range that a request means. Invalid: it begins before the file.
Result<FileLock> range_of(const File& file, const LockRequest& request) {
  i64 base = 0;
  if (request.origin == 1) base = i64(file.position);
  if (request.origin == 2) base = i64(file.end());
  if (request.origin < 0 || request.origin > 2) return LinuxError::Invalid;
  i64 start = 0, end = 0;
  if (__builtin_add_overflow(base, request.start, &start)) return LinuxError::Overflow;
  if (__builtin_add_overflow(start, request.length, &end)) return LinuxError::Overflow;
  if (request.length < 0) std::swap(start, end);
  if (start < 0) return LinuxError::Invalid;
  FileLock lock;
  lock.start = u64(start);
  lock.end = request.length == 0 ? ~u64{0} : u64(end);
  return lock;
}

/// Waits until nobody else's lock is in the way, and takes it.
Result<void> take_waiting(Task& task, Inode& inode, const FileLock& lock) {
  constexpr Error kDeadlock = linux_error(35);
  for (;;) {
    FileLocks& locks = locks_of(inode);
    const FileLock* other = locks.conflict(lock);
    if (!other) {
      locks.take(lock);
      return {};
    }
    if (lock.family == LockFamily::Range && would_deadlock(lock.owner, other->owner)) return kDeadlock;
    if (lock.family == LockFamily::Range) waiting_for()[lock.owner] = other->owner;
    Result<void> waited = task.wait_on(locks.changed);
    waiting_for().erase(lock.owner);
    TRY(waited);
  }
}

}  // namespace

const FileLock* FileLocks::conflict(const FileLock& wanted) const {
  const FileLock* first = nullptr;
  for (const FileLock& lock : locks_) {
    bool excludes = lock.kind == LockKind::Exclusive || wanted.kind == LockKind::Exclusive;
    if (lock.family == wanted.family && lock.owner != wanted.owner && excludes && lock.overlaps(wanted) && (!first || lock.start < first->start))
      first = &lock;
  }
  return first;
}

void FileLocks::release(const FileLock& range) {
  std::vector<FileLock> kept;
  for (const FileLock& lock : locks_) {
    if (lock.family != range.family || lock.owner != range.owner || !lock.overlaps(range)) {
      kept.push_back(lock);
      continue;
    }
    FileLock below = lock, above = lock;
    below.end = range.start;
    above.start = range.end;
    if (below.start < below.end) kept.push_back(below);
    if (above.start < above.end) kept.push_back(above);
  }
  locks_ = std::move(kept);
  changed.wake_all();
}

void FileLocks::take(const FileLock& fresh) {
  release(fresh);
  FileLock merged = fresh;
  // Neighbours of the same kind become one, so that a program that locks record after record does not fill the list.
  for (usize index = 0; index < locks_.size();) {
    FileLock& lock = locks_[index];
    bool joins = lock.family == merged.family && lock.owner == merged.owner && lock.kind == merged.kind &&
                 (lock.end == merged.start || lock.start == merged.end);
    if (!joins) {
      index++;
      continue;
    }
    if (lock.start < merged.start) merged.start = lock.start;
    if (lock.end > merged.end) merged.end = lock.end;
    locks_.erase(locks_.begin() + i64(index));
    index = 0;
  }
  locks_.push_back(merged);
}

void FileLocks::release_all(const void* owner) {
  if (std::erase_if(locks_, [&](const FileLock& lock) { return lock.owner == owner; })) changed.wake_all();
}

void release_process_locks(Inode& inode, const void* owner) {
  if (inode.locks) inode.locks->release_all(owner);
}

Result<u64> control_lock(Task& task, Reference<File> file, u32 command, GuestAddress argument) {
  constexpr u32 kGet = 5, kSetWait = 7, kGetOpen = 36, kSetOpenWait = 38;
  LockRequest request = TRY(read_guest<LockRequest>(task.memory(), argument));
  FileLock lock = TRY(range_of(*file, request));
  bool open_file = command >= kGetOpen;
  if (open_file && request.pid != 0) return LinuxError::Invalid;
  lock.owner = open_file ? static_cast<const void*>(file.get()) : task.files.get();
  lock.pid = open_file ? -1 : task.process.pid;
  lock.kind = request.type == kWrite ? LockKind::Exclusive : LockKind::Shared;
  if (request.type != kRead && request.type != kWrite && request.type != kNone) return LinuxError::Invalid;
  Inode& inode = *file->inode;
  if (command == kGet || command == kGetOpen) {
    if (request.type == kNone) return LinuxError::Invalid;
    const FileLock* other = locks_of(inode).conflict(lock);
    request.type = kNone;
    if (other) {
      request = {other->kind == LockKind::Exclusive ? kWrite : kRead,        0,          0, i64(other->start),
                 other->end == ~u64{0} ? 0 : i64(other->end - other->start), other->pid, 0};
    }
    TRY(write_guest(task.memory(), argument, request));
    return u64{0};
  }
  if (request.type == kNone) {
    locks_of(inode).release(lock);
    return u64{0};
  }
  if (lock.kind == LockKind::Exclusive ? !file->can_write() : !file->can_read()) return LinuxError::BadDescriptor;
  if (command == kSetWait || command == kSetOpenWait) {
    TRY(take_waiting(task, inode, lock));
    return u64{0};
  }
  if (locks_of(inode).conflict(lock)) return LinuxError::TryAgain;
  locks_of(inode).take(lock);
  return u64{0};
}

Result<u64> call_flock(Task& task, i32 descriptor, u32 operation) {
  constexpr u32 kShared = 1, kExclusive = 2, kNonBlocking = 4, kUnlock = 8;
  Reference<File> file(TRY(task.files->find(descriptor)));
  if (file->flags & OpenFlag::Path) return LinuxError::BadDescriptor;
  Inode& inode = *file->inode;
  FileLock lock{.family = LockFamily::Whole, .owner = file.get(), .pid = task.process.pid};
  switch (operation & ~kNonBlocking) {
    case kUnlock:
      if (inode.locks) inode.locks->release(lock);
      return u64{0};
    case kShared:
      break;
    case kExclusive:
      lock.kind = LockKind::Exclusive;
      break;
    default:
      return LinuxError::Invalid;
  }
  if (operation & kNonBlocking) {
    // A lock that is changed to the other kind is lost first, as on Linux.
    FileLocks& locks = locks_of(inode);
    bool free = !locks.conflict(lock);
    locks.release(lock);
    if (!free) return LinuxError::TryAgain;
    locks.take(lock);
    return u64{0};
  }
  if (inode.locks) inode.locks->release(lock);
  TRY(take_waiting(task, inode, lock));
  return u64{0};
}

}  // namespace pith::personality
