// An open file: what descriptors refer to. One class per kind; the kinds of simple content are here too.
#pragma once
#include <vector>

#include "personality/linux/files/inode.h"
#include "personality/linux/memory/user_copy.h"

namespace pith::personality {

class EpollFile;
class SocketFile;
class Poller;
class Watch;

/// The watches (files/epoll.h) of one file.
using WatchList = std::vector<Watch*>;

/// An open file description. Its position and flags are shared by all descriptors that refer to it.
class File : public Counted {
 public:
  explicit File(Reference<Inode> inode) : inode(std::move(inode)) {}
  ~File() override;

  virtual bool is_seekable() const { return false; }
  /// Reads at `offset` (streams ignore it). 0: end.
  virtual Result<u64> read(Task&, Transfer&, u64) { return LinuxError::Invalid; }
  virtual Result<u64> write(Task&, Transfer&, u64) { return LinuxError::Invalid; }
  /// What is ready now (PollEvent); with a poller also where to wait for the rest.
  virtual u32 poll(Task&, Poller*) { return PollEvent::In | PollEvent::Out | PollEvent::ReadNormal | PollEvent::WriteNormal; }
  virtual EpollFile* as_epoll();
  virtual SocketFile* as_socket();
  virtual Result<u64> control(Task&, u32, GuestAddress) { return LinuxError::NotTerminal; }
  /// Answers when everything written is where it lasts. May let the lock go.
  virtual Result<void> sync(SyncKind kind) { return inode->sync(kind); }
  /// Where the end is, for SEEK_END.
  virtual u64 end() const { return inode->size(); }

  bool can_read() const { return (flags & OpenFlag::AccessMask) != OpenFlag::WriteOnly && !(flags & OpenFlag::Path); }
  bool can_write() const { return (flags & OpenFlag::AccessMask) != OpenFlag::ReadOnly && !(flags & OpenFlag::Path); }
  bool is_nonblocking() const { return flags & OpenFlag::NonBlocking; }

  Reference<Inode> inode;
  u32 flags = 0;
  u64 position = 0;
  std::string path;    ///< under which it was opened, for /proc
  WatchList watchers;  ///< epolls that look at it; the base class's end ends them
};

/// An open regular file of tmpfs.
class RegularFile final : public File {
 public:
  using File::File;
  bool is_seekable() const override { return true; }
  Result<u64> read(Task& task, Transfer& to, u64 offset) override;
  Result<u64> write(Task& task, Transfer& from, u64 offset) override;
};

/// An open directory; its position is a cookie.
class DirectoryFile final : public File {
 public:
  using File::File;
  bool is_seekable() const override { return true; }
  Result<u64> read(Task&, Transfer&, u64) override { return LinuxError::IsDirectory; }
};

/// A descriptor that only names something (O_PATH).
class PathFile final : public File {
 public:
  using File::File;
  Result<u64> read(Task&, Transfer&, u64) override { return LinuxError::BadDescriptor; }
  Result<u64> write(Task&, Transfer&, u64) override { return LinuxError::BadDescriptor; }
};

/// Text that was made when the file was opened (/proc, /svc).
class TextFile final : public File {
 public:
  TextFile(Reference<Inode> inode, std::string text) : File(std::move(inode)), text_(std::move(text)) {}
  bool is_seekable() const override { return true; }
  Result<u64> read(Task& task, Transfer& to, u64 offset) override;
  u64 end() const override { return text_.size(); }

 private:
  std::string text_;
};

}  // namespace pith::personality
