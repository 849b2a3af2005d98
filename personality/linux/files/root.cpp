// Unpacking of the archive into tmpfs, and the fixed directories.
#include "personality/linux/files/root.h"

#include <map>

#include "personality/linux/environment.h"
#include "personality/linux/files/cpio.h"
#include "personality/linux/files/devices.h"
#include "personality/linux/proc/proc.h"

namespace pith::personality {

namespace {

/// The directory `path` below `root`, made where it is missing. Links on the way are not followed: archives name real places.
Result<TmpfsDirectory*> make_directories(Task& task, TmpfsDirectory& root, std::string_view path) {
  TmpfsDirectory* here = &root;
  while (!path.empty()) {
    usize slash = path.find('/');
    std::string_view name = path.substr(0, slash);
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == ".." || name.size() > kNameLimit) return Error::Damaged;
    Result<Reference<Inode>> found = here->lookup(task, name);
    if (!found) {
      Reference<Inode> fresh(new TmpfsDirectory(0755));
      TRY(here->add(name, fresh));
      here = static_cast<TmpfsDirectory*>(fresh.get());
      continue;
    }
    if (!(*found)->is_directory() || (*found)->filesystem.device != kTmpfs.device) return Error::Damaged;
    here = static_cast<TmpfsDirectory*>(found->get());
  }
  return here;
}

using LinkMap = std::map<u64, Reference<Inode>>;

Result<Reference<Inode>> make_inode(const CpioEntry& entry, LinkMap& links) {
  u32 permissions = entry.mode & 07777;
  Reference<Inode> inode;
  switch (entry.mode & FileMode::TypeMask) {
    case FileMode::Regular: {
      // Hard links: the same inode number; the content comes with one of them.
      auto known = entry.links > 1 ? links.find(entry.inode) : links.end();
      if (known != links.end()) {
        auto& file = static_cast<TmpfsFile&>(*known->second);
        if (!entry.content.empty()) TRY(file.write(0, entry.content.data(), entry.content.size()));
        return known->second;
      }
      Reference<TmpfsFile> file(new TmpfsFile(permissions));
      if (!entry.content.empty()) {
        u64 written = TRY(file->write(0, entry.content.data(), entry.content.size()));
        if (written < entry.content.size()) return LinuxError::NoSpace;
      }
      inode = file;
      if (entry.links > 1) links[entry.inode] = inode;
      break;
    }
    case FileMode::Directory:
      inode = Reference<Inode>(new TmpfsDirectory(permissions));
      break;
    case FileMode::Symlink:
      if (entry.content.size() > kPathLimit) return Error::Damaged;
      inode = Reference<Inode>(new TmpfsSymlink(std::string(reinterpret_cast<const char*>(entry.content.data()), entry.content.size())));
      break;
    case FileMode::Character:
    case FileMode::Block:
    case FileMode::Fifo:
    case FileMode::Socket:
      inode = Reference<Inode>(new TmpfsNode(entry.mode & (FileMode::TypeMask | 07777), entry.device));
      break;
    default:
      return Error::Damaged;
  }
  return inode;
}

void set_attributes(Inode& inode, const CpioEntry& entry) {
  inode.mode = inode.type() | (entry.mode & 07777);
  inode.uid = entry.uid;
  inode.gid = entry.gid;
  inode.access_time = inode.modification_time = inode.change_time = entry.modification_time * i64(kSecond);
}

Result<void> add_entry(Task& task, TmpfsDirectory& root, const CpioEntry& entry, LinkMap& links) {
  std::string_view path = entry.name;
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  usize slash = path.rfind('/');
  std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
  TmpfsDirectory* parent = TRY(make_directories(task, root, slash == path.npos ? std::string_view() : path.substr(0, slash)));
  bool is_directory = (entry.mode & FileMode::TypeMask) == FileMode::Directory;
  if (name.empty() || name == ".") {
    if (is_directory) set_attributes(*parent, entry);
    return {};
  }
  if (name == ".." || name.size() > kNameLimit) return Error::Damaged;
  Result<Reference<Inode>> found = parent->lookup(task, name);
  if (found && is_directory && (*found)->is_directory()) {
    set_attributes(**found, entry);
    return {};
  }
  if (found) {
    if ((*found)->is_directory()) return Error::Damaged;
    TRY(parent->take(name));  // a later entry replaces an earlier one
  }
  Reference<Inode> inode = TRY(make_inode(entry, links));
  TRY(parent->add(name, inode));
  set_attributes(*inode, entry);
  return {};
}

}  // namespace

FillReport fill_from_archive(Task& nobody, TmpfsDirectory& root, std::span<const u8> archive) {
  FillReport report;
  CpioReader reader(archive);
  LinkMap links;
  for (;;) {
    report.offset = reader.offset();
    Result<CpioEntry> entry = reader.next();
    if (!entry) {
      if (entry.error() != Error::EndOfData) report.error = entry.error();
      return report;
    }
    Result<void> added = add_entry(nobody, root, *entry, links);
    if (!added) {
      report.error = added.error();
      return report;
    }
    report.files++;
    report.bytes += entry->content.size();
  }
}

Result<void> add_devices(Task& nobody, TmpfsDirectory& devices) {
  struct Node {
    const char* name;
    u64 device;
    u32 permissions;
  };
  static constexpr Node kNodes[] = {{"null", Device::Null, 0666},
                                    {"zero", Device::Zero, 0666},
                                    {"full", Device::Full, 0666},
                                    {"random", Device::Random, 0666},
                                    {"tty", Device::Terminal, 0666},
                                    {"console", Device::Console, 0600},
                                    {"urandom", Device::RandomUnlimited, 0666}};
  for (const Node& node : kNodes) {
    if (devices.lookup(nobody, node.name)) (void)devices.take(node.name);
    TRY(devices.add(node.name, Reference<Inode>(new TmpfsNode(FileMode::Character | node.permissions, node.device))));
  }
  static constexpr const char* kLinks[][2] = {
      {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}};
  for (const auto& link : kLinks)
    if (!devices.lookup(nobody, link[0])) TRY(devices.add(link[0], Reference<Inode>(new TmpfsSymlink(link[1]))));
  TRY(make_directories(nobody, devices, "shm"))->mode |= 01777;
  return {};
}

Result<void> add_own_directories(Task& nobody, TmpfsDirectory& root) {
  TRY(add_devices(nobody, *TRY(make_directories(nobody, root, "dev"))));
  TRY(make_directories(nobody, root, "tmp"))->mode |= 01777;
  for (const char* name : {"proc", "svc"}) {
    Result<Reference<Inode>> found = root.lookup(nobody, name);
    if (found && (*found)->is_directory()) (void)root.remove(name, *found);
    if (found && !(*found)->is_directory()) continue;
    TRY(root.add(name, std::string_view(name) == "proc" ? make_proc_directory() : make_service_directory()));
  }
  return {};
}

}  // namespace pith::personality
