// Which file systems stand where in the tree.
#pragma once
#include <string>
#include <vector>

#include "personality/linux/files/path.h"

namespace pith::personality {

class RemoteFilesystem;

/// Something mounted. The covered directory knows the root that stands in its place; that root knows where it stands.
struct Mount {
  std::string source = {}, type = {};
  Reference<Directory> covered = {}, root = {};
  RemoteFilesystem* filesystem = nullptr;  ///< null for those without a server
};

/// All mounts, in order. Guarded by the environment's lock.
std::vector<Mount>& mounts();
/// Mounts the server `source` (as the manifest grants it) at `place`; `flags` is MountFlag::ReadOnly or 0. May let the lock go. Errors:
/// Invalid when `type` is not what the server has.
Result<void> mount_server(std::string_view source, Reference<Inode> place, u64 flags, std::string_view type = "auto");
/// Makes the root of the server `source` the environment's root. May let the lock go. Errors: what the server answers, NoEntry: none is
/// called like that.
Result<void> mount_as_root(std::string_view source);
/// Mounts `root`, which no server has, at `place`.
Result<void> mount_own(std::string_view type, Reference<Inode> root, Reference<Inode> place);
/// Mounts what the manifest grants and is not mounted: the first server at /disk, the others at /NAME. May let the lock go.
void mount_granted(Task& nobody);
/// What umount2 does to the mount whose root is `root`. May let the lock go.
Result<u64> unmount(Task& task, Reference<Inode> root, u32 flags);
/// The lines of /proc/mounts as the task sees them.
std::string mounts_text(Task& task);

struct MountFlag {
  static constexpr u64 ReadOnly = 1, Remount = 32, Bind = 4096, Move = 8192;
  static constexpr u64 Propagation = 0xe0000;
};

struct UnmountFlag {
  static constexpr u32 Detach = 2;
};

}  // namespace pith::personality
