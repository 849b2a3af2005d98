// brk, mmap and their relatives.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/tmpfs.h"

#include <vector>

namespace pith::personality {

namespace {

constexpr u64 kPageMask = kPageSize - 1;

/// A range of whole pages from what a program passed: Invalid when it is crooked, OutOfMemory when it does not fit.
struct Range {
  u64 start, end;
};
Result<Range> range_of(u64 address, u64 size) {
  if (address & kPageMask) return LinuxError::Invalid;
  u64 end = address + (pages_for(size) << kPageShift);
  if (size > AreaMap::kHighest || end > AreaMap::kHighest || end < address) return LinuxError::OutOfMemory;
  return Range{address, end};
}

/// What an area of a file or of shared memory shows.
Result<Reference<Inode>> backing_of(Task& task, u32 protection, u32 flags, i32 descriptor, u64 size) {
  bool shared = (flags & MapFlag::TypeMask) != MapFlag::Private;
  if (flags & MapFlag::Anonymous) {
    if (!shared) return Reference<Inode>();
    Reference<TmpfsFile> memory(new TmpfsFile(0600));
    TRY(memory->resize(size));
    return Reference<Inode>(memory);
  }
  File* file = TRY(task.files->find(descriptor));
  if (!file->can_read()) return LinuxError::AccessDenied;
  if (shared && protection & Protection::Write && !file->can_write()) return LinuxError::AccessDenied;
  if (!file->inode->can_map()) return LinuxError::NoSuchDevice;
  return file->inode;
}

/// Whether the process may lock that many more pages: NotPermitted where it may lock none at all, else `error`.
Result<void> may_lock(const Task& task, u64 pages, Error error) {
  u64 limit = task.process.limits[Resource::LockedMemory].current;
  if (task.process.credentials.is_root()) return {};
  if (!limit) return LinuxError::NotPermitted;
  if (limit != kUnlimited && (task.space->areas().locked_pages() + pages) << kPageShift > limit) return error;
  return {};
}

}  // namespace

Result<u64> call_brk(Task& task, u64 address) { return task.memory().set_break(address); }

Result<u64> call_mmap(Task& task, u64 address, u64 size, u32 protection, u32 flags, i32 descriptor, u64 offset) {
  u32 type = flags & MapFlag::TypeMask;
  if (size == 0 || offset & kPageMask || type == 0 || type > MapFlag::SharedValidate) return LinuxError::Invalid;
  if (protection & ~u32{0x0300'000f}) return LinuxError::Invalid;
  protection &= Protection::All;
  u64 length = pages_for(size) << kPageShift;
  if (size > AreaMap::kHighest || offset + length < offset) return LinuxError::OutOfMemory;
  AddressSpace& space = task.memory();
  // No more than half again of what there is: who wants that much would only be killed later.
  if (protection & Protection::Write && type == MapFlag::Private && pages_for(size) > 8 * environment().pages.total())
    return LinuxError::OutOfMemory;
  u64 limit = task.process.limits[Resource::AddressSpace].current;
  if (limit != kUnlimited && (space.areas().total_pages() << kPageShift) + length > limit) return LinuxError::OutOfMemory;
  constexpr usize kMostAreas = 65530;
  if (space.areas().areas().size() > kMostAreas) return LinuxError::OutOfMemory;
  u64 start = address;
  if (flags & (MapFlag::Fixed | MapFlag::FixedNoReplace)) {
    Range range = TRY(range_of(address, size));
    if (range.start < AreaMap::kLowest) return LinuxError::NotPermitted;
    if (flags & MapFlag::FixedNoReplace && !space.areas().is_free(range.start, range.end)) return LinuxError::Exists;
  } else {
    start = TRY(space.find_hole(address & ~kPageMask, length));
  }
  Area area{.start = start,
            .end = start + length,
            .protection = protection,
            .sharing = type == MapFlag::Private ? Sharing::Private : Sharing::Shared};
  area.backing = TRY(backing_of(task, protection, flags, descriptor, length));
  area.offset = flags & MapFlag::Anonymous ? 0 : offset;
  if (flags & MapFlag::GrowsDown) area.growth = Growth::Down;
  area.is_locked = space.locks_future || flags & MapFlag::Locked;
  if (area.is_locked) TRY(may_lock(task, length >> kPageShift, LinuxError::TryAgain));
  if (!(flags & MapFlag::Anonymous)) area.backing->touch_accessed();
  TRY(space.map(std::move(area)));
  return start;
}

Result<u64> call_munmap(Task& task, u64 address, u64 size) {
  Result<Range> range = range_of(address, size);
  if (!range || size == 0) return LinuxError::Invalid;
  TRY(task.memory().unmap(range->start, range->end));
  return u64{0};
}

Result<u64> call_mprotect(Task& task, u64 address, u64 size, u32 protection) {
  if (protection & ~u32{0x0300'000f}) return LinuxError::Invalid;
  Range range = TRY(range_of(address, size));
  if (range.start == range.end) return u64{0};
  TRY(task.memory().protect(range.start, range.end, protection & Protection::All));
  return u64{0};
}

Result<u64> call_mremap(Task& task, u64 address, u64 old_size, u64 new_size, u64 flags, u64 wanted) {
  constexpr u64 kMayMove = 1, kFixed = 2;
  if (flags & ~(kMayMove | kFixed) || (flags & kFixed && !(flags & kMayMove)) || new_size == 0 || old_size == 0) return LinuxError::Invalid;
  Result<Range> range = range_of(address, old_size);
  Result<Range> fresh = range_of(flags & kFixed ? wanted : address, new_size);
  if (!range || (!fresh && flags & kFixed)) return LinuxError::Invalid;
  return task.memory().remap(range->start, range->end - range->start, pages_for(new_size) << kPageShift, flags, wanted);
}

Result<u64> call_madvise(Task& task, u64 address, u64 size, u32 advice) {
  constexpr u32 kDiscard = 4, kFree = 8;
  Range range = TRY(range_of(address, size));
  AddressSpace& space = task.memory();
  if (range.start == range.end) return u64{0};
  if (!space.areas().is_covered(range.start, range.end)) return LinuxError::OutOfMemory;
  if (advice == kDiscard || advice == kFree) space.discard(range.start, range.end);
  if (advice > 25 && advice < 100) return LinuxError::Invalid;
  return u64{0};
}

Result<u64> call_msync(Task& task, u64 address, u64 size, u32 flags) {
  constexpr u32 kAsynchronous = 1, kInvalidate = 2, kSynchronous = 4;
  if (flags & ~(kAsynchronous | kInvalidate | kSynchronous) || (flags & kAsynchronous && flags & kSynchronous)) return LinuxError::Invalid;
  Range range = TRY(range_of(address, size));
  if (!task.memory().areas().is_covered(range.start, range.end)) return LinuxError::OutOfMemory;
  for (u64 place = range.start; flags & kInvalidate && place < range.end;) {
    const Area* area = task.memory().areas().find(place);
    if (area->is_locked) return LinuxError::Busy;
    place = area->end;
  }
  if (!(flags & kSynchronous)) return u64{0};
  std::vector<Reference<Inode>> files;
  for (u64 address = range.start; address < range.end;) {
    Area* area = task.memory().areas().find(address);
    if (!area) break;
    if (area->sharing == Sharing::Shared && area->backing) files.push_back(area->backing);
    address = area->end;
  }
  for (Reference<Inode>& file : files) TRY(file->sync(SyncKind::Data));
  return u64{0};
}

Result<u64> call_mincore(Task& task, u64 address, u64 size, GuestAddress vector) {
  Range range = TRY(range_of(address, size));
  if (!task.memory().areas().is_covered(range.start, range.end)) return LinuxError::OutOfMemory;
  for (u64 page = 0; page < (range.end - range.start) >> kPageShift; page++)
    TRY(write_guest<u8>(task.memory(), GuestAddress(vector.raw + page), 1));
  return u64{0};
}

// Pages are never swapped: locking is told and charged, and changes nothing else.
Result<u64> call_mlock(Task& task, u64 address, u64 size) {
  Range range = TRY(range_of(address & ~kPageMask, size + (address & kPageMask)));
  TRY(may_lock(task, (range.end - range.start) >> kPageShift, LinuxError::OutOfMemory));
  if (!task.memory().areas().is_covered(range.start, range.end)) return LinuxError::OutOfMemory;
  if (range.start < range.end) task.memory().areas().set_locked(range.start, range.end, true);
  return u64{0};
}

Result<u64> call_munlock(Task& task, u64 address, u64 size) {
  Range range = TRY(range_of(address & ~kPageMask, size + (address & kPageMask)));
  if (!task.memory().areas().is_covered(range.start, range.end)) return LinuxError::OutOfMemory;
  if (range.start < range.end) task.memory().areas().set_locked(range.start, range.end, false);
  return u64{0};
}

Result<u64> call_mlockall(Task& task, u32 flags) {
  constexpr u32 kCurrent = 1, kFuture = 2, kOnFault = 4;
  if (!flags || flags & ~(kCurrent | kFuture | kOnFault) || flags == kOnFault) return LinuxError::Invalid;
  TRY(may_lock(task, flags & kCurrent ? task.memory().areas().total_pages() : 0, LinuxError::OutOfMemory));
  task.memory().locks_future = flags & kFuture;
  if (flags & kCurrent) task.memory().areas().set_locked(0, AreaMap::kHighest, true);
  return u64{0};
}

Result<u64> call_munlockall(Task& task) {
  task.memory().locks_future = false;
  task.memory().areas().set_locked(0, AreaMap::kHighest, false);
  return u64{0};
}

}  // namespace pith::personality
