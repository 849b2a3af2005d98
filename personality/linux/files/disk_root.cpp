// A root directory that a file system server has: the environment's own directories over it, and copies of files in memory in it.
#include "lib/log.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/file.h"
#include "personality/linux/files/mount.h"
#include "personality/linux/files/root.h"
#include "personality/linux/proc/proc.h"
#include "personality/linux/remote/filesystem.h"

namespace pith::personality {

namespace {

/// What `name` stands for in `directory`, which is a directory; made where nothing is.
Result<Reference<Directory>> directory_in(Task& nobody, Directory& directory, std::string_view name, u32 permissions) {
  Result<Reference<Inode>> found = directory.lookup(nobody, name);
  if (!found && found.error() != LinuxError::NoEntry) return found.error();
  if (!found && directory.is_read_only()) return LinuxError::ReadOnlyFiles;
  Reference<Inode> inode = found ? *found : TRY(directory.create(name, {.mode = FileMode::Directory | permissions}));
  if (!inode->is_directory()) return LinuxError::NotDirectory;
  return Reference<Directory>(inode->as_directory());
}

Result<void> mount_over_root(Task& nobody, std::string_view name, std::string_view type, Reference<Inode> root) {
  Reference<Directory> place = TRY(directory_in(nobody, *environment().root, name, 0755));
  return mount_own(type, root, Reference<Inode>(place));
}

Result<void> mount_memory(Task& nobody) {
  Reference<TmpfsDirectory> devices(new TmpfsDirectory(0755));
  devices->links = 2;
  TRY(add_devices(nobody, *devices));
  TRY(mount_over_root(nobody, "dev", "tmpfs", devices));
  TRY(mount_over_root(nobody, "proc", "proc", make_proc_directory()));
  TRY(mount_over_root(nobody, "svc", "svc", make_service_directory()));
  for (auto [name, permissions] : {std::pair("tmp", 01777), std::pair("run", 0755)}) {
    Reference<TmpfsDirectory> memory(new TmpfsDirectory(u32(permissions)));
    memory->links = 2;
    TRY(mount_over_root(nobody, name, "tmpfs", memory));
  }
  return {};
}

Result<void> copy_content(Task& nobody, Inode& from, Inode& to) {
  Reference<File> source = TRY(from.open(nobody, OpenFlag::ReadOnly)), copy = TRY(to.open(nobody, OpenFlag::WriteOnly));
  std::vector<char> buffer(64 * kPageSize);
  for (u64 offset = 0;;) {
    Transfer in(buffer.data(), buffer.size());
    u64 length = TRY(source->read(nobody, in, offset));
    if (!length) return {};
    for (u64 done = 0; done < length;) {
      Transfer out(buffer.data() + done, length - done);
      u64 put = TRY(copy->write(nobody, out, offset + done));
      if (!put) return LinuxError::NoSpace;
      done += put;
    }
    offset += length;
  }
}

/// Puts a copy of `from` in the place of whatever `to` has under `name`; a directory that is there stays as it is.
Result<void> copy_entry(Task& nobody, Directory& to, std::string_view name, Inode& from) {
  if (from.is_directory()) {
    (void)TRY(directory_in(nobody, to, name, from.mode & 07777));
    return {};
  }
  if (to.is_read_only()) return LinuxError::ReadOnlyFiles;
  std::string target;
  if (from.is_symlink()) target = TRY(from.read_link(nobody));
  if (Result<Reference<Inode>> old = to.lookup(nobody, name)) TRY(to.remove(name, *old));
  Reference<Inode> copy = TRY(to.create(name, {.mode = from.mode, .uid = from.uid, .gid = from.gid, .device = from.device, .target = target}));
  return from.is_regular() ? copy_content(nobody, from, *copy) : Result<void>();
}

/// Puts copies of all that is below `additions` into the root. Links on the way are not followed.
Result<void> copy_tree(Task& nobody, TmpfsDirectory& additions) {
  struct Pair {
    Reference<Directory> from, to;
  };
  std::vector<Pair> left{{Reference<Directory>(&additions), environment().root}};
  while (!left.empty()) {
    Pair here = std::move(left.back());
    left.pop_back();
    std::vector<std::string> names;
    TRY(here.from->list(nobody, 0, [&](std::string_view name, u64, u32, u64) {
      names.emplace_back(name);
      return true;
    }));
    for (const std::string& name : names) {
      Reference<Inode> inode = TRY(here.from->lookup(nobody, name));
      TRY(copy_entry(nobody, *here.to, name, *inode));
      if (!inode->is_directory()) continue;
      Reference<Inode> copy = TRY(here.to->lookup(nobody, name));
      // What is in memory only hides the directory on the disk.
      Directory* shown = copy->as_directory()->mounted ? copy->as_directory()->mounted.get() : copy->as_directory();
      left.push_back({Reference<Directory>(inode->as_directory()), Reference<Directory>(shown)});
    }
  }
  return {};
}

const char* reason_of(Error error) {
  if (error == LinuxError::NoEntry || error == LinuxError::NoSuchDevice) return "there is no disk with a file system (--disk FILE gives one)";
  if (error == LinuxError::InputOutput) return "the disk's file system is damaged, or the disk cannot be read";
  if (error == LinuxError::OutOfMemory) return "too little memory is shared with its server";
  return "its server refuses it";
}

}  // namespace

Result<void> use_root_of_server(Task& nobody, std::string_view server, TmpfsDirectory& additions) {
  std::string name(server);
  Result<void> done = mount_as_root(name);
  if (!done) {
    log_line(LogLevel::Error, "no root file system: %s: %s (error %u)", name.c_str(), reason_of(done.error()), errno_of(done.error()));
    return done;
  }
  nobody.context->root = nobody.context->current = Reference<Inode>(environment().root);
  Result<void> mounted = mount_memory(nobody);
  if (!mounted) {
    log_line(LogLevel::Error, "the root file system has no place for /dev, /proc, /svc, /tmp and /run: error %u", errno_of(mounted.error()));
    return mounted;
  }
  Result<void> copied = copy_tree(nobody, additions);
  if (!copied) log_line(LogLevel::Error, "files cannot be added to the root file system: error %u", errno_of(copied.error()));
  RemoteFilesystem& filesystem = **find_filesystem(name);
  log_line(LogLevel::Information, "root file system: on %s%s, %llu MiB free", name.c_str(), filesystem.read_only ? ", read only" : "",
           static_cast<unsigned long long>(filesystem.free_pages() * kPageSize >> 20));
  return {};
}

}  // namespace pith::personality
