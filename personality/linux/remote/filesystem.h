// A file system that a server has: its inodes that are known here, the memory shared with it, and what is still to be written.
#pragma once
#include <list>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "personality/linux/environment.h"
#include "personality/linux/file_service.h"
#include "personality/linux/remote/sleep_lock.h"

namespace pith::personality {

class RemoteFile;
class RemoteFilesystem;

/// The part of an inode that says which node of which server it is. One object for each node: Filesystem::find.
class Remote {
 public:
  Remote(RemoteFilesystem& filesystem, Inode& inode, const files::Attributes& attributes);
  Remote(const Remote&) = delete;
  virtual ~Remote();

  RemoteFilesystem& remote_filesystem;
  Inode& inode;
  const u64 node;
  bool is_held = false;    ///< the server was told to keep it though it has no name
  bool is_listed = false;  ///< among the recently used ones
  std::list<Reference<Inode>>::iterator place = {};

  /// Gives pages back that nothing else needs; how many.
  virtual u64 drop_clean_pages(u64) { return 0; }
  /// What the server says about the inode is what holds.
  void take_over(const files::Attributes& attributes);

 protected:
  Result<void> change_remotely(const AttributeChange& changes);
};

/// A piece of the shared memory for one transfer. The lock is held when it is taken and given back.
class TransferSlot {
 public:
  explicit TransferSlot(RemoteFilesystem& filesystem);
  ~TransferSlot();
  TransferSlot(const TransferSlot&) = delete;
  u64 place() const;
  std::byte* data() const;
  u64 size() const;

 private:
  RemoteFilesystem& filesystem_;
  u32 index_;
};

/// What kind of file system a server has.
struct RemoteType {
  const char* name;  ///< for mount
  u32 magic;         ///< for statfs
};

/// One server's file system. It lives as long as the environment, mounted or not. Guarded by the environment's lock.
class RemoteFilesystem {
 public:
  RemoteFilesystem(std::string name, FileService& service, u32 device);

  /// Asks the server for its root. May let the lock go. Errors: what the server answers.
  Result<Reference<Directory>> root();
  /// The inode for what the server tells about a node: the one that is known, or a new one.
  Reference<Inode> inode_of(const files::Attributes& attributes);
  /// The inode of a node, if it is known.
  Reference<Inode> known_inode(u64 node);
  /// It is of no use any more when nobody has it open.
  void forget(Remote& remote);
  /// Marks an inode as used just now, so that it is kept for a while when nobody has it open.
  void touch(Remote& remote);
  /// Forgets what is not in use; how many inodes are still known.
  u64 forget_unused();
  /// Gives pages back that are as the server has them; how many.
  u64 drop_clean_pages(u64 wanted);

  /// Writes everything that has not been written since before `deadline` (nanoseconds since boot; ~0: everything). May let the lock go. The
  /// first error.
  Result<void> write_back(u64 deadline);
  /// As write_back of everything; answers when it is on the medium. May let the lock go.
  Result<void> sync();
  /// Does what waits for being done without hurry: names of nodes that nobody needs any more are given back. May let the lock go.
  void settle();

  /// Sets aside room for `pages` that the server will have to find a place for. May let the lock go: Again then, if there is room now;
  /// NoSpace.
  Result<void> reserve(u64 pages);
  void unreserve(u64 pages) { reserved_pages_ -= pages; }
  /// The server has found a place for pages that were set aside.
  void consume(u64 pages) {
    reserved_pages_ -= pages;
    free_pages_ = free_pages_ > pages ? free_pages_ - pages : 0;
  }
  /// Blocks that nobody has set aside, in pages, as of the server's last word.
  u64 free_pages() const { return free_pages_ > reserved_pages_ ? free_pages_ - reserved_pages_ : 0; }
  /// May let the lock go.
  Result<FilesystemState> refresh();

  void note_dirty(RemoteFile& file);
  void note_clean(RemoteFile& file);
  /// Makes a writer wait while too much has to be written. May let the lock go.
  void throttle(RemoteFile& file);

  const std::string name;  ///< of the server, as the manifest grants it: what mount calls the source
  FileService& service;
  const FilesystemKind kind;
  RemoteType type;  ///< as its server says, from root() on
  bool read_only = false;
  bool is_mounted = false;
  SleepLock names;  ///< held while names are looked up and changed: what is remembered of them is what the server has
  u64 dirty_pages = 0;

 private:
  friend class Remote;
  friend class TransferSlot;
  static constexpr usize kMostKept = 2048;
  static constexpr u64 kSlotBytes = 128 << 10;

  std::unordered_map<u64, Remote*> known_;
  std::list<Reference<Inode>> recent_;  ///< the one used last in front
  std::map<RemoteFile*, Reference<RemoteFile>> dirty_;
  std::vector<u64> to_release_;
  u64 free_pages_ = 0, reserved_pages_ = 0;
  u64 slot_bytes_ = 0;
  std::vector<u32> free_slots_;
  WaitQueue slot_freed_;
};

/// All servers that the manifest grants, by name; made at start.
std::vector<std::unique_ptr<RemoteFilesystem>>& remote_filesystems();
/// The file system of that name, asked for from the services. NotFound: NoDevice.
Result<RemoteFilesystem*> find_filesystem(std::string_view name);
/// Writes everything to all media. May let the lock go.
void sync_filesystems();
/// Of the file system that `inode` is on.
Result<void> sync_filesystem_of(Inode& inode);
/// Gives back pages of files that are as their servers have them; how many.
u64 reclaim_pages(u64 wanted);
/// The thread that writes back what is old. Never returns.
void run_write_back();

/// An error of a server as programs see it.
Error file_error(Error error);

}  // namespace pith::personality
