// The file system in memory: files of pages from the pool, directories, symbolic links, device nodes.
#pragma once
#include <map>
#include <vector>

#include "personality/linux/files/inode.h"

namespace pith::personality {

/// A regular file: a page list with holes. Also what shared anonymous memory is made of.
class TmpfsFile final : public Inode {
 public:
  explicit TmpfsFile(u32 mode) : Inode(kTmpfs, FileMode::Regular | (mode & ~FileMode::TypeMask)) {}
  ~TmpfsFile() override;
  u64 size() const override { return size_; }
  u64 blocks() const override { return page_count_ * (kPageSize / 512); }
  Result<Reference<File>> open(Task& task, u32 flags) override;
  Result<void> allocate(u64 offset, u64 length, u64 flags) override;
  PageIndex page_for_reading(u64 index) override { return index < pages_.size() ? pages_[index] : kNoPage; }
  Result<PageIndex> page_for_writing(u64 index) override;
  bool can_map() const override { return true; }
  Result<void> resize(u64 size) override;
  /// Copies `size` bytes in at `offset`; how many before memory ended.
  Result<u64> write(u64 offset, const void* data, u64 size);
  void extend_to(u64 size) {
    if (size > size_) size_ = size;
  }

  static constexpr u64 kLargest = u64{1} << 36;

 private:
  std::vector<PageIndex> pages_;
  u64 size_ = 0;
  u64 page_count_ = 0;
};

/// A directory of tmpfs.
class TmpfsDirectory final : public Directory {
 public:
  explicit TmpfsDirectory(u32 mode) : Directory(kTmpfs, FileMode::Directory | (mode & ~FileMode::TypeMask)) {}
  u64 size() const override { return entries_.size() * 20 + 40; }
  Result<Reference<Inode>> lookup(Task& task, std::string_view name) override;
  Result<void> list(Task& task, u64 cookie, const NameSink& sink) override;
  Result<Reference<Inode>> create(std::string_view name, const NewNode& node) override;
  Result<void> link(std::string_view name, Reference<Inode> inode) override { return add(name, std::move(inode)); }
  Result<void> remove(std::string_view name, Reference<Inode> inode) override;
  Result<void> rename(std::string_view name, Reference<Inode> inode, Directory& to, std::string_view to_name, Reference<Inode> target,
                      u32 flags) override;
  /// Gives an inode a name. Exists.
  Result<void> add(std::string_view name, Reference<Inode> inode);
  /// Takes a name away, whatever it stands for.
  Result<void> take(std::string_view name);
  bool is_empty() const { return entries_.empty(); }
  bool is_writable() const override { return true; }

 private:
  struct Entry {
    Reference<Inode> inode;
    u64 cookie;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  Entries entries_;
  std::map<u64, Entries::iterator> order_;  ///< by cookie: the order of listing, stable while names come and go
  u64 next_cookie_ = 1;
};

/// A symbolic link.
class TmpfsSymlink final : public Inode {
 public:
  explicit TmpfsSymlink(std::string target) : Inode(kTmpfs, FileMode::Symlink | 0777), target_(std::move(target)) {}
  u64 size() const override { return target_.size(); }
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::Loop; }
  Result<std::string> read_link(Task&) override { return target_; }

 private:
  std::string target_;
};

/// A device node, named pipe or socket: opens what its mode and number say.
class TmpfsNode final : public Inode {
 public:
  TmpfsNode(u32 mode, u64 device_number_) : Inode(kTmpfs, mode) { device = device_number_; }
  Result<Reference<File>> open(Task& task, u32 flags) override;

 private:
  Reference<Counted> pipe_;  ///< of a named pipe, once opened
};

}  // namespace pith::personality
