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
/// Adds /dev with its nodes, /proc, /svc, /tmp where they are missing.
Result<void> add_own_directories(Task& nobody, TmpfsDirectory& root);

}  // namespace pith::personality
