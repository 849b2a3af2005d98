// What a name in the file tree stands for: the common part of files, directories, links, devices and generated files.
#pragma once
#include <functional>
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
class Task;
struct Credentials;

/// One file system's number and the magic that statfs tells.
struct FilesystemKind {
  u32 device;
  u32 magic;
};
inline constexpr FilesystemKind kTmpfs{0x12, 0x01021994}, kProcfs{0x13, 0x9fa0}, kPipefs{0x14, 0x50495045}, kSvcfs{0x15, 0x50495448};

/// An inode. Guarded by the environment's lock.
class Inode : public Counted {
 public:
  Inode(FilesystemKind filesystem, u32 mode);

  u32 type() const { return mode & FileMode::TypeMask; }
  bool is_directory() const { return type() == FileMode::Directory; }
  bool is_symlink() const { return type() == FileMode::Symlink; }
  bool is_regular() const { return type() == FileMode::Regular; }

  virtual u64 size() const { return 0; }
  /// 512-byte blocks in use.
  virtual u64 blocks() const { return 0; }
  /// A new open file; `flags` are OpenFlag. Access has been checked.
  virtual Result<Reference<File>> open(Task& task, u32 flags) = 0;
  virtual Result<std::string> read_link(Task&) { return LinuxError::Invalid; }
  /// The page at `index` of the content, or kNoPage for a hole. The caller retains it if it keeps it.
  virtual PageIndex page_for_reading(u64) { return kNoPage; }
  /// The page at `index`, made where there is a hole.
  virtual Result<PageIndex> page_for_writing(u64) { return LinuxError::NoSuchDevice; }
  virtual bool can_map() const { return false; }
  virtual Result<void> resize(u64) { return LinuxError::Invalid; }
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

  virtual Result<Reference<Inode>> lookup(Task& task, std::string_view name) = 0;
  /// Tells `sink` the names from `cookie` on (0: first), without "." and "..".
  virtual void list(Task& task, u64 cookie, const NameSink& sink) = 0;
  virtual Result<void> add(std::string_view, Reference<Inode>) { return LinuxError::NotPermitted; }
  virtual Result<void> remove(std::string_view) { return LinuxError::NotPermitted; }
  virtual bool is_empty() const { return false; }
  /// Whether names may be added and removed at all.
  virtual bool is_writable() const { return false; }

  /// The directory that this one stands in, and under which name; null when removed. The root's parent is itself.
  Directory* parent = nullptr;
  std::string name;
};

/// Nanoseconds since 1970.
i64 wall_time();

/// Whether `credentials` may do all of `mask` (4 read, 2 write, 1 execute) with `inode`.
Result<void> check_access(const Credentials& credentials, const Inode& inode, u32 mask);

}  // namespace pith::personality
