// What a name in the file tree stands for: the common part of files, directories, links, devices and generated files.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "personality/linux/abi.h"
#include "personality/linux/errors.h"
#include "personality/linux/memory/page_store.h"
#include "personality/linux/reference.h"

namespace pith::personality {

class Directory;
class File;
class FileLocks;
class Remote;
class Task;
struct Credentials;
struct StatFilesystem;

/// One file system's number and the magic that statfs tells.
struct FilesystemKind {
  u32 device;
  u32 magic;
};
inline constexpr FilesystemKind kTmpfs{0x12, 0x01021994}, kProcfs{0x13, 0x9fa0}, kPipefs{0x14, 0x50495045}, kSvcfs{0x15, 0x50495448},
    kSocketfs{0x16, 0x534f434b};

/// What is to be another one of an inode's attributes.
struct AttributeChange {
  enum What : u32 { Mode = 1, Owner = 2, AccessTime = 4, ModificationTime = 8 };
  u32 what = 0;
  u32 mode = 0;  ///< without the type
  u32 uid = 0, gid = 0;
  i64 access_time = 0, modification_time = 0;
};

/// What a new name is to stand for.
struct NewNode {
  u32 mode = 0;  ///< type and permissions
  u32 uid = 0, gid = 0;
  u64 device = 0;
  std::string_view target = {};  ///< of a symbolic link
};

enum class PageUse : u8 { Read, Write };
enum class SyncKind : u8 { Data, All };

/// An inode. Guarded by the environment's lock. Members that say so may let the lock go meanwhile: whoever calls them holds a Reference.
class Inode : public Counted {
 public:
  Inode(FilesystemKind filesystem, u32 mode);
  ~Inode() override;

  u32 type() const { return mode & FileMode::TypeMask; }
  bool is_directory() const { return type() == FileMode::Directory; }
  bool is_symlink() const { return type() == FileMode::Symlink; }
  bool is_regular() const { return type() == FileMode::Regular; }

  virtual u64 size() const { return 0; }
  /// 512-byte blocks in use.
  virtual u64 blocks() const { return 0; }
  /// A new open file; `flags` are OpenFlag. Access has been checked. May let the lock go.
  virtual Result<Reference<File>> open(Task& task, u32 flags) = 0;
  virtual Result<std::string> read_link(Task&) { return LinuxError::Invalid; }
  /// The page at `index` of the content, or kNoPage for a hole. The caller retains it if it keeps it.
  virtual PageIndex page_for_reading(u64) { return kNoPage; }
  /// The page at `index`, made where there is a hole.
  virtual Result<PageIndex> page_for_writing(u64) { return LinuxError::NoSuchDevice; }
  /// Makes sure that page_for_reading(index), or page_for_writing(index), will answer at once; true: the lock was let go meanwhile. Errors:
  /// what kept the page from being read, NoSpace.
  virtual Result<bool> load_page(u64, PageUse) { return false; }
  /// Whether load_page would find nothing to do that lets the lock go.
  virtual bool is_page_ready(u64, PageUse) { return true; }
  /// Whether it must hear of each page that is written through a shared mapping (page_for_writing), also after it has written it back.
  virtual bool tracks_writes() const { return false; }
  virtual bool can_map() const { return false; }
  /// May let the lock go.
  virtual Result<void> resize(u64) { return LinuxError::Invalid; }
  /// Makes room for a range; with `keeps_size` in files::Flag terms: bit 0 the size stays, bit 1 the range becomes a hole. May let the lock
  /// go.
  virtual Result<void> allocate(u64 offset, u64 length, u64 flags);
  /// Changes attributes. May let the lock go.
  virtual Result<void> change(const AttributeChange& changes);
  /// Answers when everything is where it lasts. May let the lock go.
  virtual Result<void> sync(SyncKind) { return {}; }
  /// Of the whole file system. May let the lock go.
  virtual Result<void> tell_filesystem(StatFilesystem& status);
  virtual bool is_read_only() const { return false; }
  virtual Remote* as_remote() { return nullptr; }
  virtual Directory* as_directory() { return nullptr; }
  /// Links that lead straight to an inode, whatever their text says (/proc/self/fd/0).
  virtual Reference<Inode> target() const { return {}; }

  const FilesystemKind filesystem;
  u64 number;
  u32 mode;
  u32 uid = 0, gid = 0;
  u32 links = 0;
  u64 device = 0;                                   ///< of device nodes
  i64 access_time, modification_time, change_time;  ///< nanoseconds since 1970
  std::unique_ptr<FileLocks> locks;                 ///< made with the first one

  /// Mapped: as with Linux's "relatime" told where it has been changed since. Of files in memory only.
  void touch_accessed();
  void touch_modified();
  void touch_changed();
};

/// Takes names while a directory is listed; false: no more room.
using NameSink = std::function<bool(std::string_view name, u64 inode, u32 mode, u64 next_cookie)>;

/// A directory of any file system.
class Directory : public Inode {
 public:
  using Inode::Inode;
  Directory* as_directory() override { return this; }
  Result<Reference<File>> open(Task& task, u32 flags) override;

  // All of these may let the lock go.
  virtual Result<Reference<Inode>> lookup(Task& task, std::string_view name) = 0;
  /// Tells `sink` the names from `cookie` on (0: first), without "." and "..". The sink keeps the lock.
  virtual Result<void> list(Task& task, u64 cookie, const NameSink& sink) = 0;
  /// Makes a node with a name. Exists: the name is there.
  virtual Result<Reference<Inode>> create(std::string_view, const NewNode&) { return LinuxError::NotPermitted; }
  /// One more name for an inode of the same file system.
  virtual Result<void> link(std::string_view, Reference<Inode>) { return LinuxError::NotPermitted; }
  /// Takes the name of `inode` away. NotEmpty: a directory that is not.
  virtual Result<void> remove(std::string_view, Reference<Inode>) { return LinuxError::NotPermitted; }
  /// Gives `inode` another name, in `to`, in the place of `target` (or none); types have been checked. `flags`: RenameFlag.
  virtual Result<void> rename(std::string_view, Reference<Inode>, Directory&, std::string_view, Reference<Inode>, u32) {
    return LinuxError::NotPermitted;
  }
  /// Whether names may be added and removed at all.
  virtual bool is_writable() const { return false; }

  /// The directory that this one stands in, and under which name; null when removed. The root's parent is itself.
  Directory* parent = nullptr;
  std::string name;
  Reference<Directory> mounted;  ///< root of the file system that covers this directory
  bool is_mount_root = false;    ///< parent and name are then those of the covered directory
};

struct RenameFlag {
  static constexpr u32 NoReplace = 1, Exchange = 2;
};

/// Throws away, in all address spaces, what shows pages from `first` on of `inode`: the next touch is a fault again.
void discard_mapped_pages(const Inode& inode, u64 first);

/// Nanoseconds since 1970.
i64 wall_time();

/// Whether `credentials` may do all of `mask` (4 read, 2 write, 1 execute) with `inode`.
Result<void> check_access(const Credentials& credentials, const Inode& inode, u32 mask);

}  // namespace pith::personality
