// Reading through the cache, mapping, sizes: what does not write back.
#include "personality/linux/remote/file.h"

#include <cstring>

#include "personality/linux/remote/directory.h"

namespace pith::personality {

RemoteFile::RemoteFile(RemoteFilesystem& filesystem, const files::Attributes& attributes)
    : Inode(filesystem.kind, attributes.mode),
      Remote(filesystem, *this, attributes),
      size_(attributes.size),
      server_size_(attributes.size),
      server_blocks_(attributes.blocks) {}

RemoteFile::~RemoteFile() {
  for (auto& [index, page] : pages_) {
    if (page.is_dirty) mark_clean(page);
    environment().pages.release(page.page);
  }
}

Result<Reference<File>> RemoteFile::open(Task&, u32 flags) {
  if (flags & OpenFlag::Truncate && (flags & OpenFlag::AccessMask) != OpenFlag::ReadOnly) TRY(resize(0));
  return Reference<File>(new RemoteOpenFile(*this));
}

Result<PageIndex> RemoteFile::allocate_page() {
  PageStore& store = environment().pages;
  // Programs come first: the cache leaves a sixteenth of memory alone.
  u64 left_alone = store.total() / 16;
  if (store.available() < left_alone) reclaim_pages(64);
  return store.allocate_zeroed();
}

PageIndex RemoteFile::page_for_reading(u64 index) {
  auto it = pages_.find(index);
  return it == pages_.end() ? kNoPage : it->second.page;
}

Result<PageIndex> RemoteFile::page_for_writing(u64 index) {
  auto it = pages_.find(index);
  if (it == pages_.end()) return LinuxError::InputOutput;
  mark_dirty(index, it->second);
  it->second.is_written_by_mapping = true;
  touch_modified();
  times_changed_ = true;
  return it->second.page;
}

Result<bool> RemoteFile::load_page(u64 index, PageUse use) {
  Reference<Inode> keep(this);
  bool waited = false;
  for (;;) {
    auto it = pages_.find(index);
    if (it == pages_.end()) {
      if (index >= pages_for(size_)) return waited;
      TRY(fill(index, kMostRead / 2));
      waited = true;
      continue;
    }
    if (use == PageUse::Read || it->second.is_dirty || it->second.is_reserved || !needs_room(index)) return waited;
    Result<void> reserved = remote_filesystem.reserve(1);
    if (!reserved && reserved.error() != Error::Again) return reserved.error();
    if (!reserved) {
      waited = true;
      continue;
    }
    it->second.is_reserved = true;
    reserved_++;
    return waited;
  }
}

/// Whether the server may have to find a block for a page. A file without holes has blocks for all of its size.
bool RemoteFile::needs_room(u64 index) const {
  bool is_whole = server_blocks_ * 512 >= server_size_;
  return !is_whole || index >= pages_for(server_size_);
}

Result<void> RemoteFile::fill(u64 index, u64 count) {
  SleepHold hold(io_);
  if (pages_.contains(index) || index >= pages_for(size_)) return {};
  return fill_locked(index, count);
}

/// Brings at most `count` pages from `index` on, which is not here; `io_` is held.
Result<void> RemoteFile::fill_locked(u64 index, u64 count) {
  if (index >= pages_for(server_size_)) {
    PageIndex page = TRY(allocate_page());
    pages_[index] = {page};
    return {};
  }
  TransferSlot slot(remote_filesystem);
  if (count > slot.size() / kPageSize) count = slot.size() / kPageSize;
  u64 last = index + 1;
  while (last < index + count && last < pages_for(server_size_) && !pages_.contains(last)) last++;
  u64 length = (last - index) * kPageSize;
  u64 known_size = server_size_;
  Result<u64> got = Error::Damaged;
  {
    Unlocked unlocked;
    got = remote_filesystem.service.read(node, index * kPageSize, length, slot.place());
  }
  if (!got) return file_error(got.error());
  u64 wanted = known_size - index * kPageSize < length ? known_size - index * kPageSize : length;
  if (*got < wanted) return LinuxError::InputOutput;  // what was there before is not there any more
  for (u64 number = index; number < last; number++) {
    if (pages_.contains(number)) continue;  // written whole meanwhile: that is newer
    Result<PageIndex> page = allocate_page();
    if (!page) return number == index ? Result<void>(page.error()) : Result<void>();
    u64 done = (number - index) * kPageSize;
    u64 piece = wanted - done < kPageSize ? wanted - done : kPageSize;
    memcpy(environment().pages.data(*page), slot.data() + done, piece);
    pages_[number] = {*page};
  }
  return {};
}

Result<u64> RemoteFile::read(Transfer& to, u64 offset, u64 window, u64& misses) {
  Reference<Inode> keep(this);
  remote_filesystem.touch(*this);
  PageStore& store = environment().pages;
  u64 done = 0;
  while (to.left() && offset + done < size_) {
    u64 at = offset + done;
    auto it = pages_.find(at / kPageSize);
    if (it == pages_.end()) {
      misses++;
      Result<void> filled = fill(at / kPageSize, window);
      if (filled) continue;
      if (done) break;
      return filled.error();
    }
    u64 in_page = at % kPageSize;
    u64 length = kPageSize - in_page < size_ - at ? kPageSize - in_page : size_ - at;
    if (length > to.left()) length = to.left();
    Result<u64> put = to.put(store.data(it->second.page) + in_page, length);
    if (!put) {
      if (done) break;
      return put.error();
    }
    done += *put;
    if (*put < length) break;
  }
  return done;
}

void RemoteFile::drop_pages_from(u64 first) {
  for (auto it = pages_.lower_bound(first); it != pages_.end();) {
    if (it->second.is_dirty) mark_clean(it->second);
    environment().pages.release(it->second.page);
    it = pages_.erase(it);
  }
  discard_mapped_pages(*this, first);
}

u64 RemoteFile::drop_clean_pages(u64 wanted) {
  PageStore& store = environment().pages;
  u64 dropped = 0;
  for (auto it = pages_.begin(); it != pages_.end() && dropped < wanted;) {
    const Page& page = it->second;
    if (page.is_dirty || page.is_being_written || page.is_reserved || store.references(page.page) > 1) {
      ++it;
      continue;
    }
    store.release(page.page);
    it = pages_.erase(it);
    dropped++;
  }
  return dropped;
}

Result<void> RemoteFile::resize(u64 size) {
  if (size > kLargest) return LinuxError::FileTooBig;
  Reference<Inode> keep(this);
  SleepHold writing(writers_);
  SleepHold asking(io_);
  return resize_locked(size);
}

Result<void> RemoteFile::resize_locked(u64 size) {
  files::Attributes wanted = {};
  wanted.size = size;
  Result<files::Attributes> done = Error::Damaged;
  {
    Unlocked unlocked;
    done = remote_filesystem.service.set_attributes(node, files::Change::Size, wanted);
  }
  if (!done) return file_error(done.error());
  server_size_ = size;
  server_blocks_ = done->blocks;
  if (size < size_) {
    size_ = size;
    drop_pages_from(pages_for(size));
    auto last = pages_.find(size / kPageSize);
    if (size % kPageSize && last != pages_.end())
      memset(environment().pages.data(last->second.page) + size % kPageSize, 0, kPageSize - size % kPageSize);
  }
  size_ = size;
  touch_modified();
  times_changed_ = true;
  return {};
}

Result<void> RemoteFile::allocate(u64 offset, u64 length, u64 flags) {
  Reference<Inode> keep(this);
  if (offset + length > kLargest) return LinuxError::FileTooBig;
  SleepHold writing(writers_);
  SleepHold asking(io_);
  TRY(write_back_locked());
  Result<u64> size = Error::Damaged;
  {
    Unlocked unlocked;
    size = remote_filesystem.service.allocate(node, offset, length, flags);
  }
  if (!size) return size.error() == Error::Limit ? LinuxError::FileTooBig : file_error(size.error());
  constexpr u64 kHole = 2;
  if (flags & kHole) {
    // What is here of the range is zero from now on; nothing of it is dirty, and the lock has been let go only before.
    for (auto it = pages_.lower_bound(offset / kPageSize); it != pages_.end() && it->first * kPageSize < offset + length; ++it) {
      u64 start = it->first * kPageSize;
      u64 from = offset > start ? offset - start : 0;
      u64 to = offset + length < start + kPageSize ? offset + length - start : kPageSize;
      memset(environment().pages.data(it->second.page) + from, 0, to - from);
    }
  }
  server_size_ = *size;
  if (*size > size_) size_ = *size;
  touch_modified();
  times_changed_ = true;
  return ask_attributes();
}

Result<void> RemoteFile::change(const AttributeChange& changes) {
  TRY(change_remotely(changes));
  if (changes.what & AttributeChange::ModificationTime) times_changed_ = dirty_ > 0;  // what is written later must not change it again
  return {};
}

Result<void> RemoteFile::tell_filesystem(StatFilesystem& status) { return tell_remote_filesystem(remote_filesystem, status); }

Result<u64> RemoteOpenFile::read(Task&, Transfer& to, u64 offset) {
  constexpr u64 kSmallest = 4, kLargest = 32;
  bool is_sequential = offset == next_offset_;
  if (!is_sequential) window_ = kSmallest;
  // Who asks for much gets it in few transfers; who goes on gets more each time.
  u64 asked = pages_for(to.left() + offset % kPageSize);
  u64 window = asked > window_ ? (asked < kLargest ? asked : kLargest) : window_;
  u64 misses = 0;
  u64 done = TRY(file().read(to, offset, window, misses));
  if (misses && is_sequential && window_ < kLargest) window_ *= 2;
  next_offset_ = offset + done;
  return done;
}

Result<u64> RemoteOpenFile::write(Task&, Transfer& from, u64 offset) {
  constexpr u32 kDataSync = 010000;
  u64 place = flags & OpenFlag::Append ? RemoteFile::kAtEnd : offset;
  u64 done = TRY(file().write(from, place));
  if (flags & OpenFlag::Append && position == offset) position = place;
  if (done && flags & kDataSync) TRY(sync(SyncKind::Data));
  return done;
}

Result<void> RemoteOpenFile::sync(SyncKind kind) {
  Reference<File> keep(this);
  Result<void> done = file().sync(kind);
  if (seen_errors_ != file().write_errors()) {
    seen_errors_ = file().write_errors();
    if (done) return file().last_write_error();
  }
  return done;
}

}  // namespace pith::personality
