// Calls that make, remove and move names: mkdir, mknod, symlink, link, unlink, rmdir, rename.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/names.h"

namespace pith::personality {

namespace {

/// Whether names of `directory` may be changed by this task.
Result<void> check_writable(Task& task, Directory& directory) {
  if (!directory.is_writable()) return LinuxError::ReadOnlyFiles;
  return check_access(task.process.credentials, directory, 3);
}

/// In a sticky directory only owners take names away.
Result<void> check_sticky(Task& task, const Directory& directory, const Inode& inode) {
  const Credentials& who = task.process.credentials;
  if (!(directory.mode & FileMode::Sticky) || who.is_root() || who.effective_uid == inode.uid || who.effective_uid == directory.uid)
    return {};
  return LinuxError::NotPermitted;
}

/// The place of a name that is to be new.
Result<Place> new_place(Task& task, i32 directory, GuestAddress path_pointer) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  Place place = TRY(place_at(task, directory, path.view(), LastLink::Keep));
  if (place.inode) return LinuxError::Exists;
  return place;
}

/// The place of a name that is to go or to be linked.
Result<Place> old_place(Task& task, i32 directory, GuestAddress path_pointer) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  Place place = TRY(place_at(task, directory, path.view(), LastLink::Keep));
  if (!place.inode) return LinuxError::NoEntry;
  return place;
}

Result<u64> remove_file(Task& task, const Place& place) {
  if (!place.parent || place.inode->is_directory()) return LinuxError::IsDirectory;
  if (place.wants_directory) return LinuxError::NotDirectory;
  TRY(check_writable(task, *place.parent));
  TRY(check_sticky(task, *place.parent, *place.inode));
  TRY(place.parent->remove(place.name, place.inode));
  return u64{0};
}

/// Whether something is mounted on `inode`, or it is where something mounted begins.
bool is_mount_point(const Inode& inode) {
  if (!inode.is_directory()) return false;
  auto& directory = static_cast<const Directory&>(inode);
  return directory.is_mount_root || directory.mounted;
}

Result<u64> remove_directory(Task& task, const Place& place) {
  if (!place.inode->is_directory()) return LinuxError::NotDirectory;
  if (!place.parent) return LinuxError::Invalid;
  TRY(check_writable(task, *place.parent));
  TRY(check_sticky(task, *place.parent, *place.inode));
  if (is_mount_point(*place.inode) || place.inode->filesystem.device != place.parent->filesystem.device) return LinuxError::Busy;
  TRY(place.parent->remove(place.name, place.inode));
  return u64{0};
}

/// Whether `directory` is `inode` or lies below it.
bool is_below(Directory* directory, const Inode* inode) {
  for (;; directory = directory->parent) {
    if (directory == inode) return true;
    if (!directory->parent || directory->parent == directory) return false;
  }
}

}  // namespace

Result<u64> rename_place(Task& task, const Place& from, const Place& to, u32 flags) {
  bool exchanges = flags & RenameFlag::Exchange;
  if (!from.parent || (to.inode && !to.parent)) return LinuxError::Busy;
  if (flags & RenameFlag::NoReplace && to.inode) return LinuxError::Exists;
  if (exchanges && !to.inode) return LinuxError::NoEntry;
  if (from.parent->filesystem.device != to.parent->filesystem.device) return LinuxError::CrossDevice;
  TRY(check_writable(task, *from.parent));
  TRY(check_writable(task, *to.parent));
  TRY(check_sticky(task, *from.parent, *from.inode));
  bool directory = from.inode->is_directory();
  if (is_mount_point(*from.inode) || from.inode->filesystem.device != from.parent->filesystem.device) return LinuxError::Busy;
  if (!directory && (to.wants_directory || from.wants_directory)) return LinuxError::NotDirectory;
  if (directory && is_below(to.parent.get(), from.inode.get())) return LinuxError::Invalid;
  if (exchanges && to.inode->is_directory() && is_below(from.parent.get(), to.inode.get())) return LinuxError::Invalid;
  if (to.inode) {
    if (to.inode == from.inode) return u64{0};
    if (is_mount_point(*to.inode)) return LinuxError::Busy;
    TRY(check_sticky(task, *to.parent, *to.inode));
    if (!exchanges && directory && !to.inode->is_directory()) return LinuxError::NotDirectory;
    if (!exchanges && !directory && to.inode->is_directory()) return LinuxError::IsDirectory;
  } else if (!to.parent->parent) {
    return LinuxError::NoEntry;  // the directory was removed
  }
  TRY(from.parent->rename(from.name, from.inode, *to.parent, to.name, to.inode, flags));
  return u64{0};
}

Result<Reference<Inode>> create_name(Task& task, const Place& place, u32 mode, u64 device, std::string_view target) {
  Directory& parent = *place.parent;
  TRY(check_writable(task, parent));
  if (!parent.parent) return LinuxError::NoEntry;  // the directory was removed
  const Credentials& who = task.process.credentials;
  NewNode node{mode, who.effective_uid, parent.mode & FileMode::SetGroup ? parent.gid : who.effective_gid, device, target};
  if (parent.mode & FileMode::SetGroup && (mode & FileMode::TypeMask) == FileMode::Directory) node.mode |= FileMode::SetGroup;
  return parent.create(place.name, node);
}

Result<u64> call_mkdirat(Task& task, i32 directory, GuestAddress path, u32 mode) {
  Place place = TRY(new_place(task, directory, path));
  TRY(create_name(task, place, FileMode::Directory | (mode & 01777 & ~task.context->umask)));
  return u64{0};
}

Result<u64> call_mkdir(Task& task, GuestAddress path, u32 mode) { return call_mkdirat(task, AtFlag::CurrentDirectory, path, mode); }

Result<u64> call_mknodat(Task& task, i32 directory, GuestAddress path, u32 mode, u64 device) {
  u32 type = mode & FileMode::TypeMask;
  if (type == 0) mode |= type = FileMode::Regular;
  bool is_device = type == FileMode::Character || type == FileMode::Block;
  if (!is_device && type != FileMode::Regular && type != FileMode::Fifo && type != FileMode::Socket) return LinuxError::Invalid;
  if (is_device && !task.process.credentials.is_root()) return LinuxError::NotPermitted;
  Place place = TRY(new_place(task, directory, path));
  if (place.wants_directory) return LinuxError::NoEntry;
  TRY(create_name(task, place, type | (mode & 07777 & ~task.context->umask), is_device ? device : 0));
  return u64{0};
}

Result<u64> call_mknod(Task& task, GuestAddress path, u32 mode, u64 device) {
  return call_mknodat(task, AtFlag::CurrentDirectory, path, mode, device);
}

Result<u64> call_symlinkat(Task& task, GuestAddress target_pointer, i32 directory, GuestAddress path) {
  PathText target;
  TRY(target.copy(task, target_pointer));
  if (target.view().empty()) return LinuxError::NoEntry;
  Place place = TRY(new_place(task, directory, path));
  if (place.wants_directory) return LinuxError::NoEntry;
  TRY(create_name(task, place, FileMode::Symlink | 0777, 0, target.view()));
  return u64{0};
}

Result<u64> call_symlink(Task& task, GuestAddress target, GuestAddress path) {
  return call_symlinkat(task, target, AtFlag::CurrentDirectory, path);
}

Result<u64> call_linkat(Task& task, i32 from_directory, GuestAddress from, i32 to_directory, GuestAddress to, u32 flags) {
  if (flags & ~(AtFlag::Follow | AtFlag::EmptyPath)) return LinuxError::Invalid;
  PathText path;
  TRY(path.copy(task, from));
  Reference<Inode> inode =
      TRY(resolve_at(task, from_directory, path.view(), (flags & AtFlag::Follow ? 0 : AtFlag::NoFollow) | (flags & AtFlag::EmptyPath)));
  Place place = TRY(new_place(task, to_directory, to));
  if (inode->is_directory()) return LinuxError::NotPermitted;
  if (place.wants_directory) return LinuxError::NoEntry;
  if (inode->filesystem.device != place.parent->filesystem.device) return LinuxError::CrossDevice;
  TRY(check_writable(task, *place.parent));
  if (!place.parent->parent) return LinuxError::NoEntry;
  TRY(place.parent->link(place.name, inode));
  inode->touch_changed();
  return u64{0};
}

Result<u64> call_link(Task& task, GuestAddress from, GuestAddress to) {
  return call_linkat(task, AtFlag::CurrentDirectory, from, AtFlag::CurrentDirectory, to, 0);
}

Result<u64> call_unlinkat(Task& task, i32 directory, GuestAddress path, u32 flags) {
  if (flags & ~AtFlag::RemoveDirectory) return LinuxError::Invalid;
  Place place = TRY(old_place(task, directory, path));
  return flags & AtFlag::RemoveDirectory ? remove_directory(task, place) : remove_file(task, place);
}

Result<u64> call_unlink(Task& task, GuestAddress path) { return call_unlinkat(task, AtFlag::CurrentDirectory, path, 0); }

Result<u64> call_rmdir(Task& task, GuestAddress path) {
  return call_unlinkat(task, AtFlag::CurrentDirectory, path, AtFlag::RemoveDirectory);
}

Result<u64> call_renameat2(Task& task, i32 from_directory, GuestAddress from_path, i32 to_directory, GuestAddress to_path, u32 flags) {
  if (flags & ~(RenameFlag::NoReplace | RenameFlag::Exchange) || flags == (RenameFlag::NoReplace | RenameFlag::Exchange))
    return LinuxError::Invalid;
  Place from = TRY(old_place(task, from_directory, from_path));
  PathText path;
  TRY(path.copy(task, to_path));
  Place to = TRY(place_at(task, to_directory, path.view(), LastLink::Keep));
  return rename_place(task, from, to, flags);
}

Result<u64> call_renameat(Task& task, i32 from_directory, GuestAddress from, i32 to_directory, GuestAddress to) {
  return call_renameat2(task, from_directory, from, to_directory, to, 0);
}

Result<u64> call_rename(Task& task, GuestAddress from, GuestAddress to) {
  return call_renameat2(task, AtFlag::CurrentDirectory, from, AtFlag::CurrentDirectory, to, 0);
}

}  // namespace pith::personality
