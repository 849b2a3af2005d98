// open and its relatives; reading of directories; the current directory.
#include <cstring>
#include <vector>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/names.h"
#include "personality/linux/files/path.h"

namespace pith::personality {

namespace {

constexpr u32 kFlagsThatStay = OpenFlag::AccessMask | OpenFlag::Append | OpenFlag::NonBlocking | OpenFlag::Direct | OpenFlag::Directory |
                               OpenFlag::NoFollow | OpenFlag::NoAccessTime | OpenFlag::Path | 04010000;

struct Found {
  Reference<Inode> inode;
  bool is_new = false;
};

Result<Found> find_or_create(Task& task, i32 directory, std::string_view path, u32 flags, u32 mode) {
  bool exclusive = (flags & (OpenFlag::Create | OpenFlag::Exclusive)) == (OpenFlag::Create | OpenFlag::Exclusive);
  LastLink last = flags & OpenFlag::NoFollow || exclusive ? LastLink::Keep : LastLink::Follow;
  Place place = TRY(place_at(task, directory, path, last));
  if (place.inode) {
    if (exclusive) return LinuxError::Exists;
    return Found{place.inode};
  }
  if (!(flags & OpenFlag::Create)) return LinuxError::NoEntry;
  if (place.wants_directory) return LinuxError::IsDirectory;
  Result<Reference<Inode>> made = create_name(task, place, FileMode::Regular | (mode & 07777 & ~task.context->umask));
  if (made) return Found{*made, true};
  // Somebody else was faster: then it is theirs that is opened.
  if (made.error() != LinuxError::Exists || exclusive) return made.error();
  Reference<Inode> there = TRY(resolve_at(task, directory, path, flags & OpenFlag::NoFollow ? AtFlag::NoFollow : 0));
  return Found{there};
}

/// What must be asked of a file that exists before it is opened.
Result<void> check_open(Task& task, const Inode& inode, u32 flags) {
  u32 access = flags & OpenFlag::AccessMask;
  bool writes = access != OpenFlag::ReadOnly || flags & OpenFlag::Truncate;
  if (inode.is_symlink()) return flags & OpenFlag::Path ? Result<void>() : Result<void>(LinuxError::Loop);
  if (inode.is_directory() && (writes || flags & OpenFlag::Create)) return LinuxError::IsDirectory;
  if (flags & OpenFlag::Directory && !inode.is_directory()) return LinuxError::NotDirectory;
  if (flags & OpenFlag::Path) return {};
  if (writes && inode.is_read_only() && (inode.is_regular() || inode.is_directory())) return LinuxError::ReadOnlyFiles;
  u32 mask = (access != OpenFlag::WriteOnly ? 4 : 0) | (writes ? 2 : 0);
  return check_access(task.process.credentials, inode, mask);
}

Result<u64> open_at(Task& task, i32 directory, std::string_view path, u32 flags, u32 mode) {
  if ((flags & OpenFlag::Temporary) == OpenFlag::Temporary) return LinuxError::NotSupported;
  if (flags & OpenFlag::Path) flags &= OpenFlag::Path | OpenFlag::Directory | OpenFlag::NoFollow | OpenFlag::CloseOnExec;
  // A name that is new is not asked for its permissions: "create, read-only mode, write" works.
  auto [inode, is_new] = TRY(find_or_create(task, directory, path, flags, mode));
  if (!is_new) TRY(check_open(task, *inode, flags));
  Reference<File> file;
  if (flags & OpenFlag::Path)
    file = Reference<File>(new PathFile(inode));
  else
    file = TRY(inode->open(task, flags));
  file->flags = flags & kFlagsThatStay;
  if (inode->is_directory() || !path.starts_with("/")) file->path = path;
  OnExec on_exec = flags & OpenFlag::CloseOnExec ? OnExec::Close : OnExec::Keep;
  return u64(TRY(task.files->add(std::move(file), on_exec, task.process.limits[Resource::Files].current)));
}

}  // namespace

Result<u64> call_openat(Task& task, i32 directory, GuestAddress path_pointer, u32 flags, u32 mode) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  return open_at(task, directory, path.view(), flags, mode);
}

Result<u64> call_open(Task& task, GuestAddress path, u32 flags, u32 mode) {
  return call_openat(task, AtFlag::CurrentDirectory, path, flags, mode);
}

Result<u64> call_creat(Task& task, GuestAddress path, u32 mode) {
  return call_openat(task, AtFlag::CurrentDirectory, path, OpenFlag::Create | OpenFlag::WriteOnly | OpenFlag::Truncate, mode);
}

Result<u64> call_getdents64(Task& task, i32 descriptor, GuestAddress buffer, u64 size) {
  constexpr u64 kMostAtOnce = 32768;
  if (size > kMostAtOnce) size = kMostAtOnce;
  Reference<File> file(TRY(task.files->find(descriptor)));
  Directory* directory = file->inode->as_directory();
  if (!directory || file->flags & OpenFlag::Path) return LinuxError::NotDirectory;
  std::vector<char> records;
  u64 position = file->position;
  bool full = false;
  // Positions 0 and 1 are "." and ".."; the directory's own cookies follow, 2 higher.
  auto put = [&](std::string_view name, u64 inode, u32 mode, u64 next) {
    u64 length = (sizeof(DirectoryRecord) + name.size() + 1 + 7) & ~u64{7};
    u64 place = records.size();
    if (place + length > size) {
      full = true;
      return false;
    }
    records.resize(place + length);
    DirectoryRecord header{inode, i64(next), u16(length), u8(mode >> 12 & 15)};
    memcpy(&records[place], &header, sizeof header);
    memcpy(&records[place + sizeof header], name.data(), name.size());
    position = next;
    return true;
  };
  bool more = true;
  if (position == 0) more = put(".", directory->number, FileMode::Directory, 1);
  if (more && position == 1) more = put("..", directory->parent ? directory->parent->number : directory->number, FileMode::Directory, 2);
  if (more)
    TRY(directory->list(task, position - 2,
                        [&](std::string_view name, u64 inode, u32 mode, u64 next) { return put(name, inode, mode, next + 2); }));
  if (records.empty()) return full ? Result<u64>(LinuxError::Invalid) : Result<u64>(u64{0});
  TRY(copy_to_guest(task.memory(), buffer, records.data(), records.size()));
  file->position = position;
  return records.size();
}

Result<u64> call_getcwd(Task& task, GuestAddress buffer, u64 size) {
  std::string path = TRY(path_of(task, *task.context->current->as_directory()));
  if (path.size() + 1 > size) return LinuxError::OutOfRange;
  TRY(copy_to_guest(task.memory(), buffer, path.c_str(), path.size() + 1));
  return path.size() + 1;
}

namespace {

Result<u64> enter_directory(Task& task, Reference<Inode> inode) {
  if (!inode->is_directory()) return LinuxError::NotDirectory;
  TRY(check_access(task.process.credentials, *inode, 1));
  task.context->current = inode;
  return u64{0};
}

}  // namespace

Result<u64> call_chdir(Task& task, GuestAddress path_pointer) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  return enter_directory(task, TRY(resolve_at(task, AtFlag::CurrentDirectory, path.view(), 0)));
}

Result<u64> call_fchdir(Task& task, i32 descriptor) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  return enter_directory(task, file->inode);
}

Result<u64> call_chroot(Task& task, GuestAddress path_pointer) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  Reference<Inode> inode = TRY(resolve_at(task, AtFlag::CurrentDirectory, path.view(), 0));
  if (!inode->is_directory()) return LinuxError::NotDirectory;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  task.context->root = inode;
  return u64{0};
}

Result<u64> call_umask(Task& task, u32 mask) { return u64(std::exchange(task.context->umask, mask & 0777)); }

}  // namespace pith::personality
