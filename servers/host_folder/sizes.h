// How much of everything the service of a host's folder has.
#pragma once
#include "base/types.h"

namespace pith::host_folder {

/// Files that are known by number; a power of two.
#ifdef PITH_HOST_FOLDER_NODES  // tests make it small: what does not fit shows
inline constexpr u32 kNodes = PITH_HOST_FOLDER_NODES;
#else
inline constexpr u32 kNodes = 8192;
#endif
static_assert((kNodes & (kNodes - 1)) == 0);
inline constexpr u32 kHolds = kNodes < 1024 ? kNodes : 1024;
/// Names between the folder itself and a file.
inline constexpr u32 kMostDepth = 128;

/// Reads, writes and syncs at once.
inline constexpr u32 kTransfers = 16;
/// Of changes that were made and whose callers have not come for them yet: more than calls that can wait.
inline constexpr u32 kOutcomes = 48;

/// That ask the host: the change that is made, transfers, and calls.
inline constexpr u32 kJobScript = 0, kFirstTransferScript = 1, kFirstCallScript = kFirstTransferScript + kTransfers,
                     kScripts = kFirstCallScript + 24;
inline constexpr u32 kFids = 256;
static_assert(kFids > 2 * kScripts + 8);

/// Bytes of contents that one call reads or writes at most, and one message.
inline constexpr u64 kMostContent = 1024 * 1024;
inline constexpr u32 kMostData = 256 * 1024;

}  // namespace pith::host_folder
