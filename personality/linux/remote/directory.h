// Directories, links and special files of a file system that a server has.
#pragma once
#include <map>

#include "personality/linux/remote/filesystem.h"

namespace pith::personality {

/// A directory. It remembers which names it has, and has not; the file system's `names` lock is held while that changes.
class RemoteDirectory final : public Directory, public Remote {
 public:
  RemoteDirectory(RemoteFilesystem& filesystem, const files::Attributes& attributes);
  Remote* as_remote() override { return this; }
  u64 size() const override { return size_; }
  u64 blocks() const override { return blocks_; }
  bool is_read_only() const override { return remote_filesystem.read_only; }
  bool is_writable() const override { return !remote_filesystem.read_only; }
  Result<void> change(const AttributeChange& changes) override { return change_remotely(changes); }
  Result<void> sync(SyncKind kind) override;
  Result<void> tell_filesystem(StatFilesystem& status) override;

  Result<Reference<Inode>> lookup(Task& task, std::string_view name) override;
  Result<void> list(Task& task, u64 cookie, const NameSink& sink) override;
  Result<Reference<Inode>> create(std::string_view name, const NewNode& node) override;
  Result<void> link(std::string_view name, Reference<Inode> inode) override;
  Result<void> remove(std::string_view name, Reference<Inode> inode) override;
  Result<void> rename(std::string_view name, Reference<Inode> inode, Directory& to, std::string_view to_name, Reference<Inode> target,
                      u32 flags) override;

 private:
  static constexpr u64 kNothing = 0;  ///< in the place of a node: the name is not there
  static constexpr usize kMostNames = 4096;

  Result<Reference<Inode>> remembered(std::string_view name);
  Result<Reference<Inode>> lookup_remotely(std::string_view name);
  Result<void> hold_unnamed(Inode& inode);
  void remember(std::string_view name, u64 node);
  void adopt(Directory& child, std::string_view name);
  void lost_name(Inode& inode);

  Reference<Directory> keeps_parent_;
  std::map<std::string, u64, std::less<>> names_;
  u64 size_, blocks_;
};

/// A symbolic link; its text is asked for once.
class RemoteSymlink final : public Inode, public Remote {
 public:
  RemoteSymlink(RemoteFilesystem& filesystem, const files::Attributes& attributes)
      : Inode(filesystem.kind, attributes.mode), Remote(filesystem, *this, attributes), size_(attributes.size) {}
  Remote* as_remote() override { return this; }
  u64 size() const override { return size_; }
  bool is_read_only() const override { return remote_filesystem.read_only; }
  Result<void> change(const AttributeChange& changes) override { return change_remotely(changes); }
  Result<void> tell_filesystem(StatFilesystem& status) override;
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::Loop; }
  Result<std::string> read_link(Task& task) override;

 private:
  u64 size_;
  std::string text_;
};

/// A device node, named pipe or socket: kept there, used here.
class RemoteSpecial final : public Inode, public Remote {
 public:
  RemoteSpecial(RemoteFilesystem& filesystem, const files::Attributes& attributes)
      : Inode(filesystem.kind, attributes.mode), Remote(filesystem, *this, attributes) {}
  Remote* as_remote() override { return this; }
  bool is_read_only() const override { return remote_filesystem.read_only; }
  Result<void> change(const AttributeChange& changes) override { return change_remotely(changes); }
  Result<void> tell_filesystem(StatFilesystem& status) override;
  Result<Reference<File>> open(Task& task, u32 flags) override;

 private:
  Reference<Counted> pipe_;
};

/// What statfs tells of a whole file system. May let the lock go.
Result<void> tell_remote_filesystem(RemoteFilesystem& filesystem, StatFilesystem& status);

}  // namespace pith::personality
