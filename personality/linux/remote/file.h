// A regular file that a server has: its pages that are here, and which of them are still to be written.
#pragma once
#include <map>

#include "personality/linux/remote/filesystem.h"

namespace pith::personality {

/// The page cache of one file. Pages are here or not; a page that is here shows what the file holds, whether written back or not.
/// `io_` is held while anything is asked of the server about contents or size, so what is asked never crosses; `writers_` by those who
/// write or set the size, from the first byte to the last.
class RemoteFile final : public Inode, public Remote {
 public:
  RemoteFile(RemoteFilesystem& filesystem, const files::Attributes& attributes);
  ~RemoteFile() override;
  Remote* as_remote() override { return this; }
  u64 size() const override { return size_; }
  u64 blocks() const override { return server_blocks_ + reserved_ * (kPageSize / 512); }
  bool is_read_only() const override { return remote_filesystem.read_only; }
  Result<Reference<File>> open(Task& task, u32 flags) override;
  PageIndex page_for_reading(u64 index) override;
  Result<PageIndex> page_for_writing(u64 index) override;
  Result<bool> load_page(u64 index, PageUse use) override;
  bool tracks_writes() const override { return true; }
  bool can_map() const override { return true; }
  Result<void> resize(u64 size) override;
  Result<void> allocate(u64 offset, u64 length, u64 flags) override;
  Result<void> change(const AttributeChange& changes) override;
  Result<void> sync(SyncKind kind) override;
  Result<void> tell_filesystem(StatFilesystem& status) override;
  u64 drop_clean_pages(u64 wanted) override;

  /// Writes all pages that the server does not have. May let the lock go. Errors: the first one; what could not be written is kept.
  Result<void> write_back();
  /// When the oldest page that is to be written became so; ~0: there is none.
  u64 dirty_since() const { return dirty_since_; }
  /// Counts errors of writing back; each open file tells of each once.
  u64 write_errors() const { return write_errors_; }
  Error last_write_error() const { return last_write_error_; }

  /// Reads at `offset`; what is not here is brought `window` pages at a time, and `misses` counts how often.
  Result<u64> read(Transfer& to, u64 offset, u64 window, u64& misses);
  /// Writes at `offset`, or at the end when `offset` is kAtEnd, which then tells where that was.
  Result<u64> write(Transfer& from, u64& offset);
  bool has_page(u64 index) const { return pages_.contains(index); }

  static constexpr u64 kAtEnd = ~u64{0};
  static constexpr u64 kLargest = u64{1} << 43;

 private:
  struct Page {
    PageIndex page;
    bool is_dirty = false;
    bool is_reserved = false;  ///< room for it is set aside at the server
    bool is_being_written = false;
    bool is_written_by_mapping = false;  ///< some mapping may store into it without telling
  };
  using Pages = std::map<u64, Page>;
  static constexpr u64 kMostRead = 32;  ///< pages that one transfer brings at most

  Result<void> fill(u64 index, u64 count);
  Result<void> fill_locked(u64 index, u64 count);
  Result<PageIndex> allocate_page();
  Result<Page*> page_to_write(u64 index);
  bool needs_room(u64 index) const;
  void mark_dirty(u64 index, Page& page);
  void mark_clean(Page& page);
  Result<u64> write_page(Transfer& from, u64 at, u64 length);
  Result<void> write_run(Pages::iterator first);
  Result<void> write_back_locked();
  void drop_pages_from(u64 first);
  Result<void> resize_locked(u64 size);
  Result<void> send_times();
  Result<void> ask_attributes();

  Pages pages_;
  u64 size_, server_size_, server_blocks_;
  u64 dirty_ = 0, reserved_ = 0;
  u64 dirty_since_ = ~u64{0};
  u64 write_errors_ = 0;
  Error last_write_error_ = kSuccess;
  bool times_changed_ = false;
  SleepLock io_, writers_;
};

/// An open one.
class RemoteOpenFile final : public File {
 public:
  explicit RemoteOpenFile(RemoteFile& file) : File(Reference<Inode>(&file)), seen_errors_(file.write_errors()) {}
  bool is_seekable() const override { return true; }
  Result<u64> read(Task& task, Transfer& to, u64 offset) override;
  Result<u64> write(Task& task, Transfer& from, u64 offset) override;
  Result<void> sync(SyncKind kind) override;

 private:
  RemoteFile& file() { return static_cast<RemoteFile&>(*inode); }

  u64 next_offset_ = 0;  ///< where a sequential reader would go on
  u64 window_ = 4;       ///< pages to bring at the next miss
  u64 seen_errors_;
};

}  // namespace pith::personality
