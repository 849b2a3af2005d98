// Names of a file system that a server has: looking up, listing, making, linking, removing, renaming.
#include "personality/linux/remote/directory.h"

#include <cstring>

#include "personality/linux/files/devices.h"
#include "personality/linux/files/pipe.h"
#include "personality/linux/remote/file.h"

namespace pith::personality {

namespace {

u64 owner_of(const NewNode& node) { return node.uid | u64{node.gid} << 32; }

}  // namespace

RemoteDirectory::RemoteDirectory(RemoteFilesystem& filesystem, const files::Attributes& attributes)
    : Directory(filesystem.kind, attributes.mode),
      Remote(filesystem, *this, attributes),
      size_(attributes.size),
      blocks_(attributes.blocks) {}

void RemoteDirectory::remember(std::string_view its_name, u64 its_node) {
  if (names_.size() >= kMostNames) names_.clear();
  names_.insert_or_assign(std::string(its_name), its_node);
}

/// A directory knows where it stands, and keeps what it stands in.
void RemoteDirectory::adopt(Directory& child, std::string_view its_name) {
  auto& directory = static_cast<RemoteDirectory&>(child);
  directory.parent = this;
  directory.keeps_parent_ = Reference<Directory>(this);
  directory.name = its_name;
}

/// What is remembered of a name: an inode, NoEntry, or that nothing is (Again).
Result<Reference<Inode>> RemoteDirectory::remembered(std::string_view wanted) {
  auto it = names_.find(wanted);
  if (it == names_.end()) return Error::Again;
  if (it->second == kNothing) return LinuxError::NoEntry;
  Reference<Inode> known = remote_filesystem.known_inode(it->second);
  return known ? Result<Reference<Inode>>(known) : Result<Reference<Inode>>(Error::Again);
}

Result<Reference<Inode>> RemoteDirectory::lookup(Task&, std::string_view wanted) {
  if (Result<Reference<Inode>> known = remembered(wanted); known || known.error() != Error::Again) return known;
  SleepHold hold(remote_filesystem.names);
  // Somebody else may have asked meanwhile.
  if (Result<Reference<Inode>> known = remembered(wanted); known || known.error() != Error::Again) return known;
  return lookup_remotely(wanted);
}

/// The `names` lock is held.
Result<Reference<Inode>> RemoteDirectory::lookup_remotely(std::string_view wanted) {
  if (!parent) return LinuxError::NoEntry;  // removed
  std::string copy(wanted);
  Result<files::Attributes> attributes = Error::Damaged;
  {
    Unlocked unlocked;
    attributes = remote_filesystem.service.lookup(node, copy);
  }
  if (!attributes) {
    if (attributes.error() == Error::NotFound) remember(copy, kNothing);
    return file_error(attributes.error());
  }
  Reference<Inode> found = remote_filesystem.inode_of(*attributes);
  remember(copy, attributes->node);
  if (Directory* child = found->as_directory()) adopt(*child, copy);
  return found;
}

Result<void> RemoteDirectory::list(Task&, u64 cookie, const NameSink& sink) {
  if (!parent) return {};
  for (;;) {
    TransferSlot slot(remote_filesystem);
    Result<NameList> part = Error::Damaged;
    {
      Unlocked unlocked;
      part = remote_filesystem.service.list(node, cookie, slot.place(), slot.size());
    }
    if (!part) return file_error(part.error());
    if (part->length == 0) return {};
    if (part->length > slot.size()) return LinuxError::InputOutput;
    for (u64 place = 0; place + sizeof(files::Entry) <= part->length;) {
      files::Entry entry;
      memcpy(&entry, slot.data() + place, sizeof entry);
      if (entry.length == 0 || entry.length > kNameLimit || place + sizeof entry + entry.length > part->length)
        return LinuxError::InputOutput;
      std::string_view its_name(reinterpret_cast<const char*>(slot.data() + place + sizeof entry), entry.length);
      if (its_name != "." && its_name != ".." && !sink(its_name, entry.node, entry.mode, entry.next)) return {};
      place += (sizeof entry + entry.length + 7) & ~u64{7};
    }
    if (part->next == cookie) return LinuxError::InputOutput;  // a server that does not come on
    cookie = part->next;
  }
}

Result<Reference<Inode>> RemoteDirectory::create(std::string_view its_name, const NewNode& wanted) {
  std::string copy(its_name), target(wanted.target);
  SleepHold hold(remote_filesystem.names);
  if (!parent) return LinuxError::NoEntry;
  bool is_link = (wanted.mode & FileMode::TypeMask) == FileMode::Symlink;
  Result<files::Attributes> made = Error::Damaged;
  if (is_link) {
    TransferSlot slot(remote_filesystem);
    if (target.size() >= kPathLimit || target.size() > slot.size()) return LinuxError::NameTooLong;
    memcpy(slot.data(), target.data(), target.size());
    Unlocked unlocked;
    made = remote_filesystem.service.symlink(node, owner_of(wanted), slot.place(), target.size(), copy);
  } else {
    Unlocked unlocked;
    made = remote_filesystem.service.create(node, wanted.mode, owner_of(wanted), wanted.device, copy);
  }
  if (!made) return made.error() == Error::Limit ? LinuxError::NoSpace : file_error(made.error());
  Reference<Inode> fresh = remote_filesystem.inode_of(*made);
  remember(copy, made->node);
  if (Directory* child = fresh->as_directory()) {
    adopt(*child, copy);
    links++;
  }
  touch_modified();
  return fresh;
}

Result<void> RemoteDirectory::link(std::string_view its_name, Reference<Inode> other) {
  std::string copy(its_name);
  Remote* remote = other->as_remote();
  if (!remote || &remote->remote_filesystem != &remote_filesystem) return LinuxError::CrossDevice;
  SleepHold hold(remote_filesystem.names);
  if (!parent || other->links == 0) return LinuxError::NoEntry;
  Result<files::Attributes> done = Error::Damaged;
  {
    Unlocked unlocked;
    done = remote_filesystem.service.link(node, remote->node, copy);
  }
  if (!done) return file_error(done.error());
  remember(copy, remote->node);
  other->links = done->links;
  touch_modified();
  return {};
}

/// What loses its last name stays at the server until nobody here has it any more.
Result<void> RemoteDirectory::hold_unnamed(Inode& other) {
  Remote& remote = *other.as_remote();
  if (remote.is_held || (!other.is_directory() && other.links > 1)) return {};
  Result<void> held = Error::Damaged;
  {
    Unlocked unlocked;
    held = remote_filesystem.service.hold(remote.node);
  }
  if (!held) return held.error() == Error::Limit ? LinuxError::TooManyFiles : file_error(held.error());
  remote.is_held = true;
  return {};
}

void RemoteDirectory::lost_name(Inode& other) {
  other.touch_changed();
  if (Directory* directory = other.as_directory()) {
    links--;
    other.links = 0;
    directory->parent = nullptr;
    static_cast<RemoteDirectory*>(directory)->keeps_parent_ = {};
  } else if (other.links) {
    other.links--;
  }
  if (other.links == 0) remote_filesystem.forget(*other.as_remote());
}

Result<void> RemoteDirectory::remove(std::string_view its_name, Reference<Inode> other) {
  std::string copy(its_name);
  SleepHold hold(remote_filesystem.names);
  auto it = names_.find(copy);
  // Another task was faster, and the name means something else by now or nothing.
  if (it != names_.end() && it->second != other->as_remote()->node) return LinuxError::NoEntry;
  TRY(hold_unnamed(*other));
  Result<void> done = Error::Damaged;
  {
    Unlocked unlocked;
    done = remote_filesystem.service.remove(node, other->is_directory(), copy);
  }
  if (!done) return done.error() == Error::Busy ? LinuxError::NotEmpty : file_error(done.error());
  remember(copy, kNothing);
  lost_name(*other);
  touch_modified();
  return {};
}

Result<void> RemoteDirectory::rename(std::string_view its_name, Reference<Inode> other, Directory& to, std::string_view to_name,
                                     Reference<Inode> target, u32 flags) {
  std::string from(its_name), into(to_name);
  auto& there = static_cast<RemoteDirectory&>(to);
  bool exchanges = flags & RenameFlag::Exchange;
  SleepHold hold(remote_filesystem.names);
  if (auto it = names_.find(from); it != names_.end() && it->second != other->as_remote()->node) return LinuxError::NoEntry;
  u64 expected = target ? target->as_remote()->node : kNothing;
  if (auto it = there.names_.find(into); it != there.names_.end() && it->second != expected) return LinuxError::Busy;
  if (target && !exchanges) TRY(there.hold_unnamed(*target));
  Result<void> done = Error::Damaged;
  {
    TransferSlot slot(remote_filesystem);
    memcpy(slot.data(), from.data(), from.size());
    memcpy(slot.data() + from.size(), into.data(), into.size());
    Unlocked unlocked;
    done = remote_filesystem.service.rename(node, there.node, flags, slot.place(), from.size() | into.size() << 32);
  }
  if (!done) return done.error() == Error::Busy ? LinuxError::NotEmpty : file_error(done.error());
  if (target && !exchanges) there.lost_name(*target);
  remember(from, exchanges ? target->as_remote()->node : kNothing);
  there.remember(into, other->as_remote()->node);
  auto moved = [](RemoteDirectory& old_place, RemoteDirectory& new_place, Inode& inode, std::string_view new_name) {
    inode.touch_changed();
    Directory* directory = inode.as_directory();
    if (!directory) return;
    old_place.links--;
    new_place.links++;
    new_place.adopt(*directory, new_name);
  };
  moved(*this, there, *other, into);
  if (exchanges) moved(there, *this, *target, from);
  touch_modified();
  there.touch_modified();
  return {};
}

Result<void> RemoteDirectory::sync(SyncKind) {
  Unlocked unlocked;
  Result<void> done = remote_filesystem.service.sync(node);
  return done ? Result<void>() : Result<void>(file_error(done.error()));
}

Result<void> tell_remote_filesystem(RemoteFilesystem& filesystem, StatFilesystem& status) {
  FilesystemState state = TRY(filesystem.refresh());
  status.type = filesystem.type.magic;
  status.block_size = status.fragment_size = state.block_size;
  status.blocks = state.blocks;
  status.blocks_free = state.free_blocks;
  status.blocks_available = filesystem.free_pages() * kPageSize / (state.block_size ? state.block_size : kPageSize);
  status.files = state.nodes;
  status.files_free = state.free_nodes;
  constexpr u64 kReadOnly = 1;
  status.flags = filesystem.read_only ? kReadOnly : 0;
  return {};
}

Result<void> RemoteDirectory::tell_filesystem(StatFilesystem& status) { return tell_remote_filesystem(remote_filesystem, status); }
Result<void> RemoteSymlink::tell_filesystem(StatFilesystem& status) { return tell_remote_filesystem(remote_filesystem, status); }
Result<void> RemoteSpecial::tell_filesystem(StatFilesystem& status) { return tell_remote_filesystem(remote_filesystem, status); }

Result<std::string> RemoteSymlink::read_link(Task&) {
  if (!text_.empty()) return text_;
  Reference<Inode> keep(this);
  TransferSlot slot(remote_filesystem);
  Result<u64> length = Error::Damaged;
  {
    Unlocked unlocked;
    length = remote_filesystem.service.read_link(node, slot.place());
  }
  if (!length) return file_error(length.error());
  if (*length > kPathLimit || *length > slot.size()) return LinuxError::InputOutput;
  text_.assign(reinterpret_cast<const char*>(slot.data()), *length);
  return text_;
}

Result<Reference<File>> RemoteSpecial::open(Task& task, u32 flags) {
  if (type() == FileMode::Character) return open_device(task, this, flags);
  if (type() == FileMode::Fifo) return open_named_pipe(task, this, pipe_, flags);
  return LinuxError::NoDevice;
}

}  // namespace pith::personality
