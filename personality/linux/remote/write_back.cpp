// Writing into the cache, and from the cache to the server.
#include <cstring>

#include "personality/linux/remote/file.h"

namespace pith::personality {

void RemoteFile::mark_dirty(u64 index, Page& page) {
  if (page.is_dirty) return;
  if (!page.is_reserved && needs_room(index) && remote_filesystem.free_pages()) {
    (void)remote_filesystem.reserve(1);  // there is room: does not let the lock go
    page.is_reserved = true;
    reserved_++;
  }
  page.is_dirty = true;
  if (dirty_++ == 0) {
    dirty_since_ = now();
    remote_filesystem.note_dirty(*this);
  }
  remote_filesystem.dirty_pages++;
}

void RemoteFile::mark_clean(Page& page) {
  page.is_dirty = false;
  dirty_--;
  remote_filesystem.dirty_pages--;
  if (page.is_reserved) {
    page.is_reserved = false;
    reserved_--;
    remote_filesystem.unreserve(1);
  }
}

/// The page at `index`, here and with room at the server: what is not here is brought. Again: the lock was let go.
Result<RemoteFile::Page*> RemoteFile::page_to_write(u64 index) {
  if (!pages_.contains(index) && index >= pages_for(size_)) {
    PageIndex page = TRY(allocate_page());
    pages_[index] = {page};
  }
  if (TRY(load_page(index, PageUse::Write))) return Error::Again;
  return &pages_.at(index);
}

/// Writes into one page.
Result<u64> RemoteFile::write_page(Transfer& from, u64 at, u64 length) {
  PageStore& store = environment().pages;
  u64 index = at / kPageSize;
  if (length == kPageSize && !pages_.contains(index) && remote_filesystem.free_pages() > 1) {
    // Overwritten whole: what was there before is not asked for.
    PageIndex fresh = TRY(allocate_page());
    Result<u64> taken = from.take(store.data(fresh), length);
    if (!taken || *taken < length) {
      store.release(fresh);
      return LinuxError::BadPointer;
    }
    auto it = pages_.insert_or_assign(index, Page{fresh}).first;
    mark_dirty(index, it->second);
    return length;
  }
  for (;;) {
    Result<Page*> page = page_to_write(index);
    if (!page && page.error() == Error::Again) continue;
    if (!page) return page.error();
    Result<u64> taken = from.take(store.data((*page)->page) + at % kPageSize, length);
    if (taken) mark_dirty(index, **page);
    return taken;
  }
}

Result<u64> RemoteFile::write(Transfer& from, u64& offset) {
  Reference<Inode> keep(this);
  SleepHold writing(writers_);
  if (offset == kAtEnd) offset = size_;
  if (offset >= kLargest) return LinuxError::FileTooBig;
  remote_filesystem.touch(*this);
  u64 done = 0;
  Error failed = kSuccess;
  while (from.left() && offset + done < kLargest) {
    u64 at = offset + done;
    u64 length = kPageSize - at % kPageSize < from.left() ? kPageSize - at % kPageSize : from.left();
    Result<u64> taken = write_page(from, at, length);
    if (!taken && taken.error() == LinuxError::OutOfMemory && dirty_) {
      // Memory is full of what is to be written: make room and go on.
      if (write_back() && reclaim_pages(64)) continue;
    }
    if (!taken) {
      failed = taken.error();
      break;
    }
    done += *taken;
    if (at + *taken > size_) size_ = at + *taken;
    if (*taken < length) break;
    remote_filesystem.throttle(*this);
  }
  // Pages beyond the end that were made for nothing would show up when the file grows.
  if (failed != kSuccess && pages_.size()) {
    for (auto it = pages_.lower_bound(pages_for(size_)); it != pages_.end();) {
      if (it->second.is_dirty) mark_clean(it->second);
      if (it->second.is_reserved) {
        reserved_--;
        remote_filesystem.unreserve(1);
      }
      environment().pages.release(it->second.page);
      it = pages_.erase(it);
    }
  }
  if (done) {
    touch_modified();
    times_changed_ = true;
    return done;
  }
  return failed == kSuccess ? Result<u64>(u64{0}) : Result<u64>(failed);
}

/// Sends one run of pages; `io_` is held. The pages stay where they are until the answer is there.
Result<void> RemoteFile::write_run(Pages::iterator first) {
  PageStore& store = environment().pages;
  TransferSlot slot(remote_filesystem);  // may let the lock go: look again
  u64 start = first->first, count = 0;
  bool maps = false;
  for (auto it = pages_.find(start); it != pages_.end() && it->first == start + count && it->second.is_dirty; ++it) {
    if ((count + 1) * kPageSize > slot.size()) break;
    maps = maps || it->second.is_written_by_mapping;
    count++;
  }
  if (!count) return {};
  if (maps)
    for (const auto& [pid, process] : environment().processes.all())
      for (Task* task : process->tasks)
        if (task->space) task->space->protect_file_pages(*this, start, start + count);
  for (u64 number = 0; number < count; number++) {
    Page& page = pages_.at(start + number);
    memcpy(slot.data() + number * kPageSize, store.data(page.page), kPageSize);
    page.is_being_written = true;
    page.is_written_by_mapping = false;
    // Room stays set aside until the server has it.
    bool reserved = std::exchange(page.is_reserved, false);
    mark_clean(page);
    page.is_reserved = reserved;
  }
  u64 offset = start * kPageSize;
  u64 length = size_ > offset && size_ - offset < count * kPageSize ? size_ - offset : count * kPageSize;
  Result<Written> written = Error::Damaged;
  {
    Unlocked unlocked;
    written = remote_filesystem.service.write(node, offset, length, slot.place());
  }
  bool is_done = written && written->length == length;
  for (u64 number = 0; number < count; number++) {
    auto it = pages_.find(start + number);
    if (it == pages_.end()) continue;
    Page& page = it->second;
    page.is_being_written = false;
    if (is_done && page.is_reserved && !page.is_dirty) {
      page.is_reserved = false;
      reserved_--;
      remote_filesystem.consume(1);
    }
    if (!is_done) mark_dirty(start + number, page);
  }
  if (is_done) {
    if (offset + length > server_size_) server_size_ = offset + length;
    return {};
  }
  last_write_error_ = written ? LinuxError::NoSpace : file_error(written.error());
  write_errors_++;
  return last_write_error_;
}

Result<void> RemoteFile::write_back_locked() {
  bool was_dirty = dirty_;
  u64 next = 0;
  while (dirty_) {
    auto it = pages_.lower_bound(next);
    while (it != pages_.end() && !it->second.is_dirty) ++it;
    if (it == pages_.end()) break;  // those before `next` became dirty again: the next time
    next = it->first + 1;
    TRY(write_run(it));
  }
  if (dirty_)
    dirty_since_ = now();
  else
    dirty_since_ = ~u64{0}, remote_filesystem.note_clean(*this);
  TRY(send_times());
  return was_dirty ? ask_attributes() : Result<void>();
}

Result<void> RemoteFile::send_times() {
  if (!times_changed_) return {};
  times_changed_ = false;
  files::Attributes wanted = {};
  wanted.modification_time = modification_time;
  Result<files::Attributes> done = Error::Damaged;
  {
    Unlocked unlocked;
    done = remote_filesystem.service.set_attributes(node, files::Change::ModificationTime, wanted);
  }
  if (done) return {};
  times_changed_ = true;
  return file_error(done.error());
}

/// How many blocks the server has for the file by now.
Result<void> RemoteFile::ask_attributes() {
  Result<files::Attributes> told = Error::Damaged;
  {
    Unlocked unlocked;
    told = remote_filesystem.service.attributes(node);
  }
  if (!told) return file_error(told.error());
  server_blocks_ = told->blocks;
  return {};
}

Result<void> RemoteFile::write_back() {
  Reference<RemoteFile> keep(this);
  SleepHold asking(io_);
  return write_back_locked();
}

Result<void> RemoteFile::sync(SyncKind) {
  Reference<RemoteFile> keep(this);
  Result<void> written = write_back();
  Result<void> done;
  {
    Unlocked unlocked;
    done = remote_filesystem.service.sync(node);
  }
  if (!written) return written;
  return done ? Result<void>() : Result<void>(file_error(done.error()));
}

}  // namespace pith::personality
