// Known inodes, slots of the shared memory, writing back.
#include "personality/linux/remote/filesystem.h"

#include "lib/log.h"
#include "personality/linux/remote/directory.h"
#include "personality/linux/remote/file.h"
#include "personality/linux/services.h"

namespace pith::personality {

namespace {

constexpr u64 kOldAge = 5 * kSecond;
constexpr u64 kLookInterval = kSecond;
constexpr u32 kExtMagic = 0xef53;

/// As mount and statfs tell kinds of file systems apart.
RemoteType type_of(files::Kind kind) {
  switch (kind) {
    case files::Kind::Fat:
      return {"vfat", 0x4d44};
    case files::Kind::HostFolder:
      return {"9p", 0x01021997};
    default:
      return {"ext4", kExtMagic};
  }
}

/// Blocks that are never set aside for contents: the server needs some for names and for finding the blocks of files.
u64 margin_of(u64 pages) { return 16 + pages / 64; }

}  // namespace

Error file_error(Error error) {
  switch (error) {
    case Error::WrongType:
      return LinuxError::NotDirectory;
    case Error::Damaged:
    case Error::SessionDead:
      return LinuxError::InputOutput;
    case Error::Denied:
      return LinuxError::ReadOnlyFiles;
    case Error::Limit:
      return LinuxError::TooManyLinks;
    default:
      return linux_error(errno_of(error));
  }
}

Remote::Remote(RemoteFilesystem& filesystem, Inode& its_inode, const files::Attributes& attributes)
    : remote_filesystem(filesystem), inode(its_inode), node(attributes.node) {
  filesystem.known_[node] = this;
  take_over(attributes);
}

Remote::~Remote() {
  auto it = remote_filesystem.known_.find(node);
  if (it != remote_filesystem.known_.end() && it->second == this) remote_filesystem.known_.erase(it);
  if (!is_held) return;
  remote_filesystem.to_release_.push_back(node);
  environment().write_back_wakeup.wake_all();
}

void Remote::take_over(const files::Attributes& attributes) {
  inode.number = attributes.node;
  inode.mode = attributes.mode;
  inode.links = attributes.links;
  inode.uid = attributes.user;
  inode.gid = attributes.group;
  inode.device = attributes.device;
  inode.access_time = attributes.access_time;
  inode.modification_time = attributes.modification_time;
  inode.change_time = attributes.change_time;
}

Result<void> Remote::change_remotely(const AttributeChange& changes) {
  files::Attributes wanted = {};
  u64 what = 0;
  if (changes.what & AttributeChange::Mode) what |= files::Change::Mode, wanted.mode = inode.type() | changes.mode;
  if (changes.what & AttributeChange::Owner) what |= files::Change::Owner, wanted.user = changes.uid, wanted.group = changes.gid;
  if (changes.what & AttributeChange::AccessTime) what |= files::Change::AccessTime, wanted.access_time = changes.access_time;
  if (changes.what & AttributeChange::ModificationTime)
    what |= files::Change::ModificationTime, wanted.modification_time = changes.modification_time;
  Reference<Inode> keep(&inode);
  Result<files::Attributes> done = Error::Damaged;
  {
    Unlocked unlocked;
    done = remote_filesystem.service.set_attributes(node, what, wanted);
  }
  if (!done) return file_error(done.error());
  return inode.Inode::change(changes);
}

TransferSlot::TransferSlot(RemoteFilesystem& filesystem) : filesystem_(filesystem) {
  while (filesystem_.free_slots_.empty()) (void)filesystem_.slot_freed_.wait(environment().lock);
  index_ = filesystem_.free_slots_.back();
  filesystem_.free_slots_.pop_back();
}

TransferSlot::~TransferSlot() {
  filesystem_.free_slots_.push_back(index_);
  filesystem_.slot_freed_.wake_one();
}

u64 TransferSlot::place() const { return index_ * filesystem_.slot_bytes_; }
std::byte* TransferSlot::data() const { return filesystem_.service.memory().data() + place(); }
u64 TransferSlot::size() const { return filesystem_.slot_bytes_; }

RemoteFilesystem::RemoteFilesystem(std::string its_name, FileService& its_service, u32 device)
    : name(std::move(its_name)), service(its_service), kind{device, kExtMagic}, type{type_of(files::Kind::Ext4)} {
  // At least two slots of at least four pages: names of 2 * 255 bytes and texts of links fit into each.
  u64 bytes = service.memory().size();
  slot_bytes_ = bytes / 2 < kSlotBytes ? bytes / 2 / kPageSize * kPageSize : kSlotBytes;
  for (u32 index = 0; slot_bytes_ && (index + 1) * slot_bytes_ <= bytes; index++) free_slots_.push_back(index);
}

Result<Reference<Directory>> RemoteFilesystem::root() {
  if (free_slots_.empty()) return LinuxError::OutOfMemory;
  Result<files::Attributes> attributes = Error::Damaged;
  {
    Unlocked unlocked;
    attributes = service.root();
  }
  if (!attributes) return file_error(attributes.error());
  TRY(refresh());
  Reference<Inode> inode = inode_of(*attributes);
  if (!inode->is_directory()) return LinuxError::InputOutput;
  return Reference<Directory>(inode->as_directory());
}

Reference<Inode> RemoteFilesystem::inode_of(const files::Attributes& attributes) {
  auto it = known_.find(attributes.node);
  if (it != known_.end()) {
    touch(*it->second);
    return Reference<Inode>(&it->second->inode);
  }
  Reference<Inode> fresh;
  switch (attributes.mode & FileMode::TypeMask) {
    case FileMode::Regular:
      fresh = Reference<Inode>(new RemoteFile(*this, attributes));
      break;
    case FileMode::Directory:
      fresh = Reference<Inode>(new RemoteDirectory(*this, attributes));
      break;
    case FileMode::Symlink:
      fresh = Reference<Inode>(new RemoteSymlink(*this, attributes));
      break;
    default:
      fresh = Reference<Inode>(new RemoteSpecial(*this, attributes));
  }
  touch(*fresh->as_remote());
  return fresh;
}

Reference<Inode> RemoteFilesystem::known_inode(u64 node) {
  auto it = known_.find(node);
  if (it == known_.end()) return {};
  touch(*it->second);
  return Reference<Inode>(&it->second->inode);
}

void RemoteFilesystem::forget(Remote& remote) {
  if (!remote.is_listed) return;
  remote.is_listed = false;
  recent_.erase(remote.place);
}

void RemoteFilesystem::touch(Remote& remote) {
  if (!remote.inode.links) return;
  if (remote.is_listed) {
    recent_.splice(recent_.begin(), recent_, remote.place);
    return;
  }
  recent_.push_front(Reference<Inode>(&remote.inode));
  remote.place = recent_.begin();
  remote.is_listed = true;
  while (recent_.size() > kMostKept) {
    Reference<Inode> oldest = std::move(recent_.back());
    recent_.pop_back();
    oldest->as_remote()->is_listed = false;
  }
}

u64 RemoteFilesystem::forget_unused() {
  // Children keep their directories: several rounds.
  for (usize before = known_.size() + 1; known_.size() < before;) {
    before = known_.size();
    std::list<Reference<Inode>> all = std::move(recent_);
    recent_.clear();
    for (Reference<Inode>& inode : all) inode->as_remote()->is_listed = false;
    for (auto it = all.begin(); it != all.end();) it = all.erase(it);
  }
  return known_.size();
}

u64 RemoteFilesystem::drop_clean_pages(u64 wanted) {
  u64 dropped = 0;
  for (auto it = recent_.rbegin(); it != recent_.rend() && dropped < wanted; ++it)
    dropped += (*it)->as_remote()->drop_clean_pages(wanted - dropped);
  return dropped;
}

Result<void> RemoteFilesystem::write_back(u64 deadline) {
  std::vector<Reference<RemoteFile>> files;
  for (const auto& [pointer, file] : dirty_)
    if (file->dirty_since() <= deadline) files.push_back(file);
  Result<void> result;
  for (Reference<RemoteFile>& file : files) {
    Result<void> done = file->write_back();
    if (!done && result) result = done;
  }
  return result;
}

Result<void> RemoteFilesystem::sync() {
  Result<void> written = write_back(~u64{0});
  Result<void> done;
  {
    Unlocked unlocked;
    done = service.sync(0);
  }
  if (!written) return written;
  return done ? Result<void>() : Result<void>(file_error(done.error()));
}

void RemoteFilesystem::settle() {
  while (!to_release_.empty()) {
    u64 node = to_release_.back();
    to_release_.pop_back();
    Unlocked unlocked;
    (void)service.release(node);
  }
}

Result<FilesystemState> RemoteFilesystem::refresh() {
  Result<FilesystemState> state = Error::Damaged;
  {
    Unlocked unlocked;
    state = service.state();
  }
  if (!state) return file_error(state.error());
  u64 pages = state->free_blocks * (state->block_size ? state->block_size : kPageSize) / kPageSize;
  u64 margin = margin_of(pages);
  free_pages_ = pages > margin ? pages - margin : 0;
  if (state->flags & files::Flag::ReadOnly) read_only = true;
  type = type_of(files::Kind(state->flags >> files::Flag::KindShift & 0xff));
  return *state;
}

Result<void> RemoteFilesystem::reserve(u64 pages) {
  if (pages <= free_pages()) {
    reserved_pages_ += pages;
    return {};
  }
  // What was set aside may be more than what is needed, and names may have gone: the server knows when everything has been written.
  (void)write_back(~u64{0});
  settle();
  TRY(refresh());
  return pages <= free_pages() ? Error::Again : LinuxError::NoSpace;
}

void RemoteFilesystem::note_dirty(RemoteFile& file) {
  dirty_.emplace(&file, Reference<RemoteFile>(&file));
  environment().write_back_wakeup.wake_all();
}

void RemoteFilesystem::note_clean(RemoteFile& file) { dirty_.erase(&file); }

void RemoteFilesystem::throttle(RemoteFile& file) {
  if (dirty_pages > environment().pages.total() / 8) (void)file.write_back();
}

std::vector<std::unique_ptr<RemoteFilesystem>>& remote_filesystems() {
  [[clang::no_destroy]] static std::vector<std::unique_ptr<RemoteFilesystem>> all;
  return all;
}

Result<RemoteFilesystem*> find_filesystem(std::string_view name) {
  constexpr u32 kFirstDevice = 0x20;
  for (auto& filesystem : remote_filesystems())
    if (filesystem->name == name) return filesystem.get();
  FileService* service = environment().services.file_service(name);
  if (!service) return LinuxError::NoEntry;
  u32 device = kFirstDevice + u32(remote_filesystems().size());
  remote_filesystems().push_back(std::make_unique<RemoteFilesystem>(std::string(name), *service, device));
  return remote_filesystems().back().get();
}

void sync_filesystems() {
  for (usize index = 0; index < remote_filesystems().size(); index++) {
    RemoteFilesystem& filesystem = *remote_filesystems()[index];
    if (filesystem.is_mounted) (void)filesystem.sync();
  }
}

Result<void> sync_filesystem_of(Inode& inode) {
  Remote* remote = inode.as_remote();
  return remote ? remote->remote_filesystem.sync() : Result<void>();
}

u64 reclaim_pages(u64 wanted) {
  u64 dropped = 0;
  for (auto& filesystem : remote_filesystems())
    if (dropped < wanted) dropped += filesystem->drop_clean_pages(wanted - dropped);
  return dropped;
}

void run_write_back() {
  Environment& env = environment();
  Lock lock(env.lock);
  for (;;) {
    bool has_more = false;
    u64 time = now();
    for (usize index = 0; index < remote_filesystems().size(); index++) {
      RemoteFilesystem& filesystem = *remote_filesystems()[index];
      filesystem.settle();
      Result<void> done = filesystem.write_back(time > kOldAge ? time - kOldAge : 0);
      if (!done)
        log_line(LogLevel::Error, "%s: what was written could not be stored: error %u; it is kept and tried again", filesystem.name.c_str(),
                 errno_of(done.error()));
      has_more = has_more || filesystem.dirty_pages;
    }
    (void)env.write_back_wakeup.wait(env.lock, has_more ? now() + kLookInterval : 0);
    // One that was woken by a first dirty page has nothing to do before that is old.
    if (!has_more) continue;
  }
}

}  // namespace pith::personality
