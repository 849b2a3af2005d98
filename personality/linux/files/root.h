// The root directory: filled from the archive, with the directories that the environment itself provides.
#pragma once
#include <span>

#include "personality/linux/files/tmpfs.h"

namespace pith::personality {

/// What came of an archive.
struct FillReport {
  u64 files = 0, bytes = 0;
  Error error = kSuccess;  ///< Damaged: cut short or garbage; NoSpace: no memory left. What came before is there.
  u64 offset = 0;          ///< where the archive stopped making sense
};

/// Unpacks a cpio archive below `root`.
FillReport fill_from_archive(Task& nobody, TmpfsDirectory& root, std::span<const u8> archive);
/// Adds nodes to /dev where they are missing.
Result<void> add_devices(Task& nobody, TmpfsDirectory& devices);
/// Adds /dev with its nodes, /proc, /svc, /tmp where they are missing.
Result<void> add_own_directories(Task& nobody, TmpfsDirectory& root);

/// Makes the file system of `server` the root, mounts /dev, /proc, /svc, /tmp and /run in memory over it, and puts copies of what is below
/// `additions` into it. May let the lock go. Errors: why it cannot be the root, which has been logged.
Result<void> use_root_of_server(Task& nobody, std::string_view server, TmpfsDirectory& additions);

}  // namespace pith::personality
