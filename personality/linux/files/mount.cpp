// mount, umount2 and the table that they change.
#include "personality/linux/files/mount.h"

#include "lib/log.h"
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/tmpfs.h"
#include "personality/linux/proc/proc.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/services.h"

namespace pith::personality {

namespace {

void cover(Directory& covered, Reference<Directory> root, Mount mount) {
  root->parent = covered.parent;
  root->name = covered.name;
  root->is_mount_root = true;
  covered.mounted = root;
  mount.covered = Reference<Directory>(&covered);
  mount.root = root;
  mounts().push_back(std::move(mount));
}

/// Takes the mount at `index` out of the tree.
void uncover(usize index) {
  Mount mount = mounts()[index];
  mount.covered->mounted = {};
  mount.root->is_mount_root = false;
  // Whoever is still in there cannot go further up.
  mount.root->parent = mount.root.get();
  if (mount.filesystem) mount.filesystem->is_mounted = false;
  mounts().erase(mounts().begin() + i64(index));
}

Result<usize> mount_at(const Inode& root) {
  for (usize index = mounts().size(); index-- > 0;)
    if (mounts()[index].root.get() == &root) return index;
  return LinuxError::Invalid;
}

/// Whether another mount stands on a directory of this one.
bool carries_mounts(const Mount& mount) {
  for (const Mount& other : mounts())
    if (other.covered->filesystem.device == mount.root->filesystem.device && other.root != mount.root) return true;
  return false;
}

Result<std::string> copy_text(Task& task, GuestAddress from) {
  if (!from.raw) return std::string();
  PathText text;
  TRY(text.copy(task, from));
  return std::string(text.view());
}

Result<Reference<Directory>> place_of(Reference<Inode> inode) {
  if (!inode->is_directory()) return LinuxError::NotDirectory;
  if (!inode->as_directory()->parent) return LinuxError::NoEntry;
  return Reference<Directory>(inode->as_directory());
}

Result<void> remount(const Inode& root, u64 flags) {
  usize index = TRY(mount_at(root));
  RemoteFilesystem* filesystem = mounts()[index].filesystem;
  if (!filesystem) return {};
  if (flags & MountFlag::ReadOnly) {
    TRY(filesystem->sync());
    filesystem->read_only = true;
    return {};
  }
  FilesystemState state = TRY(filesystem->refresh());
  if (state.flags & files::Flag::ReadOnly) return LinuxError::ReadOnlyFiles;
  filesystem->read_only = false;
  return {};
}

/// What a server that says to have `own` may be called by who mounts it.
bool is_type(std::string_view type, std::string_view own) {
  if (type == "ext2" || type == "ext3") type = "ext4";
  if (type == "msdos") type = "vfat";
  return type == own || type == "auto";
}

bool is_server_type(std::string_view type) { return is_type(type, "ext4") || is_type(type, "vfat") || is_type(type, "9p"); }

Result<void> mount_tree(std::string_view source, std::string_view type, const Reference<Inode>& root, const Reference<Inode>& place) {
  Reference<Directory> covered = TRY(place_of(place));
  cover(*covered, Reference<Directory>(root->as_directory()), {.source = std::string(source), .type = std::string(type)});
  return {};
}

}  // namespace

std::vector<Mount>& mounts() {
  [[clang::no_destroy]] static std::vector<Mount> table;
  return table;
}

Result<void> mount_as_root(std::string_view source) {
  RemoteFilesystem& filesystem = *TRY(find_filesystem(source));
  Reference<Directory> root = TRY(filesystem.root());
  filesystem.is_mounted = true;
  root->parent = root.get();
  environment().root = root;
  mounts().push_back({.source = std::string(source), .type = filesystem.type.name, .covered = root, .root = root, .filesystem = &filesystem});
  return {};
}

Result<void> mount_own(std::string_view type, Reference<Inode> root, Reference<Inode> place) { return mount_tree(type, type, root, place); }

Result<void> mount_server(std::string_view source, Reference<Inode> place, u64 flags, std::string_view type) {
  Reference<Directory> covered = TRY(place_of(place));
  RemoteFilesystem& filesystem = *TRY(find_filesystem(source));
  if (filesystem.is_mounted) return LinuxError::Busy;
  filesystem.is_mounted = true;
  filesystem.read_only = flags & MountFlag::ReadOnly;
  Result<Reference<Directory>> root = filesystem.root();
  if (!root) {
    filesystem.is_mounted = false;
    return root.error();
  }
  bool is_other = !is_type(type, filesystem.type.name);
  if (is_other || covered->mounted || !covered->parent) {  // somebody else was faster
    filesystem.is_mounted = false;
    return is_other ? LinuxError::Invalid : LinuxError::Busy;
  }
  cover(*covered, *root, {.source = std::string(source), .type = filesystem.type.name, .filesystem = &filesystem});
  return {};
}

void mount_granted(Task& nobody) {
  bool is_first = true;
  for (const std::string& name : environment().services.file_services()) {
    std::string path = is_first ? "disk" : name;
    is_first = false;
    if (Result<RemoteFilesystem*> known = find_filesystem(name); known && (*known)->is_mounted) continue;
    Directory& root = *environment().root;
    Result<Reference<Inode>> place = root.lookup(nobody, path);
    if (!place) (void)root.create(path, {.mode = FileMode::Directory | 0755});
    Result<Reference<Inode>> there = root.lookup(nobody, path);
    Result<void> done = there ? mount_server(name, *there, 0) : Result<void>(there.error());
    if (!done && done.error() == LinuxError::NoEntry) continue;  // there is no disk
    if (!done) log_line(LogLevel::Error, "%s cannot be mounted at /%s: error %u", name.c_str(), path.c_str(), errno_of(done.error()));
  }
}

std::string mounts_text(Task& task) {
  bool is_in_memory = mounts().empty() || mounts()[0].root != environment().root;
  std::string text = is_in_memory ? "tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\nsvc /svc svc rw 0 0\n" : "";
  for (const Mount& mount : mounts()) {
    Result<std::string> path = path_of(task, *mount.root);
    if (!path) continue;
    bool read_only = mount.filesystem && mount.filesystem->read_only;
    text += mount.source + " " + *path + " " + mount.type + (read_only ? " ro 0 0\n" : " rw 0 0\n");
  }
  return text;
}

Result<u64> call_mount(Task& task, GuestAddress source_pointer, GuestAddress path_pointer, GuestAddress type_pointer, u64 flags,
                       GuestAddress) {
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  PathText path;
  TRY(path.copy(task, path_pointer));
  Reference<Inode> place = TRY(resolve_at(task, AtFlag::CurrentDirectory, path.view(), 0));
  if (flags & MountFlag::Remount) {
    TRY(remount(*place, flags));
    return u64{0};
  }
  if (flags & (MountFlag::Bind | MountFlag::Move)) return LinuxError::Invalid;
  if (flags & MountFlag::Propagation) return u64{0};
  std::string source = TRY(copy_text(task, source_pointer)), type = TRY(copy_text(task, type_pointer));
  if (type == "proc" || type == "svc") {
    TRY(mount_tree(source, type, type == "proc" ? make_proc_directory() : make_service_directory(), place));
    return u64{0};
  }
  if (!is_server_type(type)) return LinuxError::NoSuchDevice;
  // A path into /svc names the server as well as its name does.
  constexpr std::string_view kServices = "/svc/";
  std::string_view name = source;
  if (name.starts_with(kServices)) name.remove_prefix(kServices.size());
  TRY(mount_server(name, place, flags, type));
  return u64{0};
}

Result<u64> call_umount2(Task& task, GuestAddress path_pointer, u32 flags) {
  constexpr u32 kForce = 1, kNoFollow = 8;
  if (flags & ~(kForce | UnmountFlag::Detach | kNoFollow)) return LinuxError::Invalid;
  PathText path;
  TRY(path.copy(task, path_pointer));
  return unmount(task, TRY(resolve_at(task, AtFlag::CurrentDirectory, path.view(), flags & kNoFollow ? AtFlag::NoFollow : 0)), flags);
}

Result<u64> unmount(Task& task, Reference<Inode> root, u32 flags) {
  constexpr u32 kDetach = UnmountFlag::Detach;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  usize index = TRY(mount_at(*root));
  RemoteFilesystem* filesystem = mounts()[index].filesystem;
  if (root.get() == environment().root.get()) return LinuxError::Busy;
  if (carries_mounts(mounts()[index])) return LinuxError::Busy;
  if (filesystem) {
    Result<void> written = filesystem->sync();
    if (!written && !(flags & kDetach)) return written.error();
    index = TRY(mount_at(*root));  // others may have changed the table meanwhile
    // Its own root is known to the table, to us and to the directory that it covers.
    constexpr u32 kOwnReferences = 3;
    bool is_used = filesystem->forget_unused() > 1 || root->reference_count() > kOwnReferences;
    if (is_used && !(flags & kDetach)) return LinuxError::Busy;
  }
  uncover(index);
  if (filesystem) filesystem->settle();
  return u64{0};
}

}  // namespace pith::personality
