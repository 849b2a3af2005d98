// Pages, names and nodes of the file system in memory.
#include "personality/linux/files/tmpfs.h"

#include <cstring>

#include "personality/linux/environment.h"
#include "personality/linux/files/devices.h"
#include "personality/linux/files/file.h"
#include "personality/linux/files/locks.h"
#include "personality/linux/files/pipe.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

Inode::Inode(FilesystemKind kind, u32 mode_) : filesystem(kind), number(environment().next_inode++), mode(mode_) {
  access_time = modification_time = change_time = wall_time();
}

Inode::~Inode() = default;

Result<void> Inode::change(const AttributeChange& changes) {
  if (changes.what & AttributeChange::Mode) mode = type() | (changes.mode & 07777);
  if (changes.what & AttributeChange::Owner) uid = changes.uid, gid = changes.gid;
  if (changes.what & AttributeChange::AccessTime) access_time = changes.access_time;
  if (changes.what & AttributeChange::ModificationTime) modification_time = changes.modification_time;
  touch_changed();
  return {};
}

Result<void> Inode::allocate(u64 offset, u64 length, u64 flags) {
  if (!(flags & 1) && offset + length > size()) return resize(offset + length);
  return {};
}

Result<void> Inode::tell_filesystem(StatFilesystem& status) {
  PageStore& pages = environment().pages;
  if (filesystem.device != kTmpfs.device) return {};
  status.blocks = pages.total();
  status.blocks_free = status.blocks_available = pages.available();
  status.files = pages.total();
  status.files_free = pages.available();
  return {};
}

void Inode::touch_accessed() {
  if (!as_remote() && (access_time <= modification_time || access_time <= change_time)) access_time = wall_time();
}
void Inode::touch_modified() { modification_time = change_time = wall_time(); }
void Inode::touch_changed() { change_time = wall_time(); }

Result<void> check_access(const Credentials& credentials, const Inode& inode, u32 mask) {
  u32 bits = inode.mode;
  if (credentials.effective_uid == 0) {
    bool executable = inode.is_directory() || bits & 0111;
    if (mask & 1 && !executable) return LinuxError::AccessDenied;
    return {};
  }
  u32 allowed = credentials.effective_uid == inode.uid ? bits >> 6 : credentials.in_group(inode.gid) ? bits >> 3 : bits;
  if ((allowed & mask) != mask) return LinuxError::AccessDenied;
  return {};
}

TmpfsFile::~TmpfsFile() {
  for (PageIndex page : pages_)
    if (page != kNoPage) environment().pages.release(page);
  environment().file_pages -= page_count_;
}

Result<Reference<File>> TmpfsFile::open(Task&, u32 flags) {
  if (flags & OpenFlag::Truncate && (flags & OpenFlag::AccessMask) != OpenFlag::ReadOnly) TRY(resize(0));
  return Reference<File>(new RegularFile(this));
}

Result<PageIndex> TmpfsFile::page_for_writing(u64 index) {
  if (index >= kLargest / kPageSize) return LinuxError::FileTooBig;
  if (index < pages_.size() && pages_[index] != kNoPage) return pages_[index];
  Environment& env = environment();
  if (env.file_pages >= env.pages.total() / 4 * 3) return LinuxError::NoSpace;  // programs need memory, too
  PageIndex page = TRY(env.pages.allocate_zeroed());
  if (index >= pages_.size()) pages_.resize(index + 1);
  pages_[index] = page;
  page_count_++;
  env.file_pages++;
  return page;
}

Result<void> TmpfsFile::resize(u64 size) {
  if (size > kLargest) return LinuxError::FileTooBig;
  PageStore& store = environment().pages;
  u64 keep = pages_for(size);
  bool is_mapped = false;
  for (u64 index = keep; index < pages_.size(); index++) {
    if (pages_[index] == kNoPage) continue;
    is_mapped = is_mapped || store.references(pages_[index]) > 1;
    store.release(pages_[index]);
    page_count_--;
    environment().file_pages--;
  }
  if (keep < pages_.size()) pages_.resize(keep);
  if (is_mapped) discard_mapped_pages(*this, keep);
  if (size < size_ && size % kPageSize && keep <= pages_.size() && keep && pages_[keep - 1] != kNoPage)
    memset(store.data(pages_[keep - 1]) + size % kPageSize, 0, kPageSize - size % kPageSize);
  size_ = size;
  touch_modified();
  return {};
}

Result<void> TmpfsFile::allocate(u64 offset, u64 length, u64 flags) {
  if (flags & 2) {
    PageStore& store = environment().pages;
    u64 end = offset + length < size_ ? offset + length : size_;
    for (u64 at = offset; at < end;) {
      u64 in_page = at % kPageSize;
      u64 piece = kPageSize - in_page < end - at ? kPageSize - in_page : end - at;
      if (PageIndex page = page_for_reading(at / kPageSize); page != kNoPage) memset(store.data(page) + in_page, 0, piece);
      at += piece;
    }
    return {};
  }
  return Inode::allocate(offset, length, flags);
}

Result<u64> TmpfsFile::write(u64 offset, const void* data, u64 size) {
  const u8* source = static_cast<const u8*>(data);
  u64 done = 0;
  while (done < size) {
    u64 in_page = (offset + done) % kPageSize;
    u64 length = kPageSize - in_page < size - done ? kPageSize - in_page : size - done;
    Result<PageIndex> page = page_for_writing((offset + done) / kPageSize);
    if (!page) {
      if (done) break;
      return page.error() == LinuxError::OutOfMemory ? LinuxError::NoSpace : page.error();
    }
    memcpy(environment().pages.data(*page) + in_page, source + done, length);
    done += length;
    extend_to(offset + done);
  }
  return done;
}

Result<Reference<Inode>> TmpfsDirectory::lookup(Task&, std::string_view wanted) {
  auto it = entries_.find(wanted);
  if (it == entries_.end()) return LinuxError::NoEntry;
  return it->second.inode;
}

Result<void> TmpfsDirectory::list(Task&, u64 cookie, const NameSink& sink) {
  for (auto it = order_.lower_bound(cookie); it != order_.end(); ++it) {
    const Inode& inode = *it->second->second.inode;
    if (!sink(it->second->first, inode.number, inode.mode, it->first + 1)) break;
  }
  return {};
}

Result<Reference<Inode>> TmpfsDirectory::create(std::string_view new_name, const NewNode& node) {
  Reference<Inode> inode;
  switch (node.mode & FileMode::TypeMask) {
    case FileMode::Regular:
      inode = Reference<Inode>(new TmpfsFile(node.mode));
      break;
    case FileMode::Directory:
      inode = Reference<Inode>(new TmpfsDirectory(node.mode));
      break;
    case FileMode::Symlink:
      inode = Reference<Inode>(new TmpfsSymlink(std::string(node.target)));
      break;
    default:
      inode = Reference<Inode>(new TmpfsNode(node.mode, node.device));
  }
  inode->uid = node.uid;
  inode->gid = node.gid;
  TRY(add(new_name, inode));
  return inode;
}

Result<void> TmpfsDirectory::remove(std::string_view old_name, Reference<Inode> inode) {
  if (inode->is_directory() && !static_cast<TmpfsDirectory&>(*inode).is_empty()) return LinuxError::NotEmpty;
  return take(old_name);
}

Result<void> TmpfsDirectory::rename(std::string_view old_name, Reference<Inode> inode, Directory& to, std::string_view to_name,
                                    Reference<Inode> target, u32 flags) {
  auto& there = static_cast<TmpfsDirectory&>(to);
  std::string from(old_name), into(to_name);
  if (target && !(flags & RenameFlag::Exchange)) TRY(there.remove(into, target));
  TRY(take(from));
  if (target && flags & RenameFlag::Exchange) {
    TRY(there.take(into));
    TRY(add(from, target));
    target->touch_changed();
  }
  TRY(there.add(into, inode));
  inode->touch_changed();
  return {};
}

Result<void> TmpfsDirectory::add(std::string_view new_name, Reference<Inode> inode) {
  auto [it, inserted] = entries_.try_emplace(std::string(new_name), Entry{inode, next_cookie_});
  if (!inserted) return LinuxError::Exists;
  order_.emplace(next_cookie_++, it);
  inode->links++;
  if (Directory* directory = inode->as_directory()) {
    directory->parent = this;
    directory->name = new_name;
    inode->links++;
    links++;
  }
  touch_modified();
  return {};
}

Result<void> TmpfsDirectory::take(std::string_view old_name) {
  auto it = entries_.find(old_name);
  if (it == entries_.end()) return LinuxError::NoEntry;
  Reference<Inode> inode = it->second.inode;
  order_.erase(it->second.cookie);
  entries_.erase(it);
  inode->links--;
  inode->touch_changed();
  if (Directory* directory = inode->as_directory()) {
    directory->parent = nullptr;
    inode->links--;
    links--;
  }
  touch_modified();
  return {};
}

Result<Reference<File>> TmpfsNode::open(Task& task, u32 flags) {
  if (type() == FileMode::Character) return open_device(task, this, flags);
  if (type() == FileMode::Fifo) return open_named_pipe(task, this, pipe_, flags);
  return LinuxError::NoDevice;
}

}  // namespace pith::personality
