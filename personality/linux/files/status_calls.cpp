// What is known of files: stat, statx, access, readlink, statfs, attributes and times.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/path.h"
#include "personality/linux/time/clock.h"
#include "personality/linux/x86_64/stat.h"

namespace pith::personality {

namespace {

TimeSpec time_spec(i64 nanoseconds) { return {nanoseconds / i64(kSecond), nanoseconds % i64(kSecond)}; }

/// An instant as nanoseconds since 1970; what does not fit (beyond the year 2262) becomes the last or first that does.
i64 instant(i64 seconds, i64 nanoseconds) {
  constexpr i64 kMost = 9'223'372'035;
  if (seconds > kMost) seconds = kMost;
  if (seconds < -kMost) seconds = -kMost;
  return seconds * i64(kSecond) + nanoseconds;
}

StatxTime statx_time(i64 nanoseconds) { return {nanoseconds / i64(kSecond), u32(nanoseconds % i64(kSecond)), 0}; }

Result<u64> tell_status(Task& task, const Inode& inode, GuestAddress result) {
  machine::FileStatus status = {};
  status.device = inode.filesystem.device;
  status.inode = inode.number;
  status.links = inode.links;
  status.mode = inode.mode;
  status.uid = inode.uid;
  status.gid = inode.gid;
  status.special = inode.device;
  status.size = i64(inode.size());
  status.block_size = kPageSize;
  status.blocks = i64(inode.blocks());
  status.access = time_spec(inode.access_time);
  status.modification = time_spec(inode.modification_time);
  status.change = time_spec(inode.change_time);
  TRY(write_guest(task.memory(), result, status));
  return u64{0};
}

/// The inode that a directory, path and flags name, for calls that look or change attributes.
Result<Reference<Inode>> named(Task& task, i32 directory, GuestAddress path_pointer, u32 flags) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  return resolve_at(task, directory, path.view(), flags);
}

}  // namespace

Result<u64> call_newfstatat(Task& task, i32 directory, GuestAddress path, GuestAddress result, u32 flags) {
  constexpr u32 kNoAutomount = 0x800;
  if (flags & ~(AtFlag::NoFollow | AtFlag::EmptyPath | kNoAutomount)) return LinuxError::Invalid;
  Reference<Inode> inode = TRY(named(task, directory, path, flags));
  return tell_status(task, *inode, result);
}

Result<u64> call_stat(Task& task, GuestAddress path, GuestAddress result) {
  return call_newfstatat(task, AtFlag::CurrentDirectory, path, result, 0);
}

Result<u64> call_lstat(Task& task, GuestAddress path, GuestAddress result) {
  return call_newfstatat(task, AtFlag::CurrentDirectory, path, result, AtFlag::NoFollow);
}

Result<u64> call_fstat(Task& task, i32 descriptor, GuestAddress result) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  return tell_status(task, *file->inode, result);
}

Result<u64> call_statx(Task& task, i32 directory, GuestAddress path, u32 flags, u32 mask, GuestAddress result) {
  constexpr u32 kBasic = 0x7ff, kReserved = 0x80000000;
  if (mask & kReserved || (flags & 0x6000) == 0x6000) return LinuxError::Invalid;
  Reference<Inode> inode = TRY(named(task, directory, path, flags));
  Statx status = {};
  status.mask = kBasic;
  status.block_size = kPageSize;
  status.links = inode->links;
  status.uid = inode->uid;
  status.gid = inode->gid;
  status.mode = u16(inode->mode);
  status.inode = inode->number;
  status.size = inode->size();
  status.blocks = inode->blocks();
  status.access = statx_time(inode->access_time);
  status.change = statx_time(inode->change_time);
  status.modification = statx_time(inode->modification_time);
  status.device_major_ = u32(device_major(inode->device));
  status.device_minor_ = u32(device_minor(inode->device));
  status.filesystem_minor = inode->filesystem.device;
  TRY(write_guest(task.memory(), result, status));
  return u64{0};
}

Result<u64> call_faccessat2(Task& task, i32 directory, GuestAddress path, u32 mode, u32 flags) {
  if (mode & ~u32{7} || flags & ~(AtFlag::NoFollow | AtFlag::EffectiveAccess | AtFlag::EmptyPath)) return LinuxError::Invalid;
  Reference<Inode> inode = TRY(named(task, directory, path, flags & ~AtFlag::EffectiveAccess));
  Credentials who = task.process.credentials;
  if (!(flags & AtFlag::EffectiveAccess)) {
    who.effective_uid = who.uid;
    who.effective_gid = who.gid;
  }
  TRY(check_access(who, *inode, mode));
  return u64{0};
}

Result<u64> call_faccessat(Task& task, i32 directory, GuestAddress path, u32 mode) {
  return call_faccessat2(task, directory, path, mode, 0);
}
Result<u64> call_access(Task& task, GuestAddress path, u32 mode) { return call_faccessat2(task, AtFlag::CurrentDirectory, path, mode, 0); }

Result<u64> call_readlinkat(Task& task, i32 directory, GuestAddress path, GuestAddress buffer, u64 size) {
  if (i64(size) <= 0) return LinuxError::Invalid;
  Reference<Inode> inode = TRY(named(task, directory, path, AtFlag::NoFollow | AtFlag::EmptyPath));
  if (!inode->is_symlink()) return LinuxError::Invalid;
  std::string target = TRY(inode->read_link(task));
  u64 length = target.size() < size ? target.size() : size;
  TRY(copy_to_guest(task.memory(), buffer, target.data(), length));
  return length;
}

Result<u64> call_readlink(Task& task, GuestAddress path, GuestAddress buffer, u64 size) {
  return call_readlinkat(task, AtFlag::CurrentDirectory, path, buffer, size);
}

namespace {

Result<u64> tell_filesystem(Task& task, Inode& inode, GuestAddress result) {
  StatFilesystem status = {};
  status.type = inode.filesystem.magic;
  status.block_size = status.fragment_size = kPageSize;
  status.name_length = kNameLimit;
  status.identity = inode.filesystem.device;
  TRY(inode.tell_filesystem(status));
  TRY(write_guest(task.memory(), result, status));
  return u64{0};
}

Result<void> check_owner(Task& task, const Inode& inode) {
  const Credentials& who = task.process.credentials;
  return who.is_root() || who.effective_uid == inode.uid ? Result<void>() : Result<void>(LinuxError::NotPermitted);
}

Result<u64> change_mode(Task& task, Inode& inode, u32 mode) {
  if (inode.is_read_only()) return LinuxError::ReadOnlyFiles;
  TRY(check_owner(task, inode));
  TRY(inode.change({.what = AttributeChange::Mode, .mode = mode & 07777}));
  return u64{0};
}

Result<u64> change_owner(Task& task, Inode& inode, u32 uid, u32 gid) {
  if (inode.is_read_only()) return LinuxError::ReadOnlyFiles;
  const Credentials& who = task.process.credentials;
  bool keeps_uid = uid == ~0u || uid == inode.uid;
  bool allowed = who.is_root() || (who.effective_uid == inode.uid && keeps_uid && (gid == ~0u || who.in_group(gid)));
  if (!allowed) return LinuxError::NotPermitted;
  AttributeChange change{.what = AttributeChange::Owner, .uid = uid != ~0u ? uid : inode.uid, .gid = gid != ~0u ? gid : inode.gid};
  u32 kept = inode.mode & ~(FileMode::SetUser | (inode.mode & 010 ? FileMode::SetGroup : 0));
  if (inode.is_regular() && kept != inode.mode) {
    change.what |= AttributeChange::Mode;
    change.mode = kept & 07777;
  }
  TRY(inode.change(change));
  return u64{0};
}

struct NewTimes {
  i64 access, modification;
  bool keeps_access = false, keeps_modification = false, is_now = false;
};

Result<u64> change_times(Task& task, Inode& inode, const NewTimes& times) {
  if (inode.is_read_only()) return LinuxError::ReadOnlyFiles;
  if (!check_owner(task, inode)) {
    if (!times.is_now) return LinuxError::NotPermitted;
    TRY(check_access(task.process.credentials, inode, 2));
  }
  AttributeChange change{.access_time = times.access, .modification_time = times.modification};
  if (!times.keeps_access) change.what |= AttributeChange::AccessTime;
  if (!times.keeps_modification) change.what |= AttributeChange::ModificationTime;
  TRY(inode.change(change));
  return u64{0};
}

}  // namespace

Result<u64> call_statfs(Task& task, GuestAddress path, GuestAddress result) {
  Reference<Inode> inode = TRY(named(task, AtFlag::CurrentDirectory, path, 0));
  return tell_filesystem(task, *inode, result);
}

Result<u64> call_fstatfs(Task& task, i32 descriptor, GuestAddress result) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  return tell_filesystem(task, *file->inode, result);
}

Result<u64> call_fchmodat(Task& task, i32 directory, GuestAddress path, u32 mode) {
  Reference<Inode> inode = TRY(named(task, directory, path, 0));
  return change_mode(task, *inode, mode);
}

Result<u64> call_chmod(Task& task, GuestAddress path, u32 mode) { return call_fchmodat(task, AtFlag::CurrentDirectory, path, mode); }

Result<u64> call_fchmod(Task& task, i32 descriptor, u32 mode) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  return change_mode(task, *file->inode, mode);
}

Result<u64> call_fchownat(Task& task, i32 directory, GuestAddress path, u32 uid, u32 gid, u32 flags) {
  if (flags & ~(AtFlag::NoFollow | AtFlag::EmptyPath)) return LinuxError::Invalid;
  Reference<Inode> inode = TRY(named(task, directory, path, flags));
  return change_owner(task, *inode, uid, gid);
}

Result<u64> call_chown(Task& task, GuestAddress path, u32 uid, u32 gid) {
  return call_fchownat(task, AtFlag::CurrentDirectory, path, uid, gid, 0);
}

Result<u64> call_lchown(Task& task, GuestAddress path, u32 uid, u32 gid) {
  return call_fchownat(task, AtFlag::CurrentDirectory, path, uid, gid, AtFlag::NoFollow);
}

Result<u64> call_fchown(Task& task, i32 descriptor, u32 uid, u32 gid) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  return change_owner(task, *file->inode, uid, gid);
}

Result<u64> call_utimensat(Task& task, i32 directory, GuestAddress path, GuestAddress times, u32 flags) {
  constexpr i64 kNow = 0x3fffffff, kOmit = 0x3ffffffe;
  i64 current = wall_time();
  NewTimes fresh{current, current, false, false, true};
  if (times.raw) {
    struct Pair {
      TimeSpec access, modification;
    };
    Pair pair = TRY(read_guest<Pair>(task.memory(), times));
    fresh.is_now = pair.access.nanoseconds == kNow && pair.modification.nanoseconds == kNow;
    fresh.keeps_access = pair.access.nanoseconds == kOmit;
    fresh.keeps_modification = pair.modification.nanoseconds == kOmit;
    for (TimeSpec* time : {&pair.access, &pair.modification}) {
      bool special = time->nanoseconds == kNow || time->nanoseconds == kOmit;
      if (!special && u64(time->nanoseconds) >= kSecond) return LinuxError::Invalid;
      if (time->nanoseconds != kNow) (time == &pair.access ? fresh.access : fresh.modification) = instant(time->seconds, time->nanoseconds);
    }
  }
  Reference<Inode> inode;
  if (path.raw)
    inode = TRY(named(task, directory, path, flags));
  else
    inode = TRY(task.files->find(directory))->inode;
  return change_times(task, *inode, fresh);
}

Result<u64> call_utimes(Task& task, GuestAddress path, GuestAddress times) {
  Reference<Inode> inode = TRY(named(task, AtFlag::CurrentDirectory, path, 0));
  i64 current = wall_time();
  NewTimes fresh{current, current, false, false, !times.raw};
  if (times.raw) {
    struct Pair {
      TimeValue access, modification;
    };
    Pair pair = TRY(read_guest<Pair>(task.memory(), times));
    if (u64(pair.access.microseconds) >= 1000000 || u64(pair.modification.microseconds) >= 1000000) return LinuxError::Invalid;
    fresh.access = instant(pair.access.seconds, pair.access.microseconds * 1000);
    fresh.modification = instant(pair.modification.seconds, pair.modification.microseconds * 1000);
  }
  return change_times(task, *inode, fresh);
}

Result<u64> call_utime(Task& task, GuestAddress path, GuestAddress times) {
  Reference<Inode> inode = TRY(named(task, AtFlag::CurrentDirectory, path, 0));
  i64 current = wall_time();
  NewTimes fresh{current, current, false, false, !times.raw};
  if (times.raw) {
    struct Pair {
      i64 access, modification;
    };
    Pair pair = TRY(read_guest<Pair>(task.memory(), times));
    fresh.access = instant(pair.access, 0);
    fresh.modification = instant(pair.modification, 0);
  }
  return change_times(task, *inode, fresh);
}

Result<u64> call_getxattr(Task& task, GuestAddress path) {
  TRY(named(task, AtFlag::CurrentDirectory, path, AtFlag::NoFollow));
  return LinuxError::NotSupported;
}

}  // namespace pith::personality
