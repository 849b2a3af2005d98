// How much of everything the FAT service has: in its vault, in the memory that it shares with the disk, at once.
#pragma once
#include "base/types.h"

namespace pith::fat {

/// What the cache of the table and of directories consists of. Bytes.
inline constexpr u32 kSector = 512;
#ifdef PITH_FAT_FRAMES  // tests make it small: what does not fit shows
inline constexpr u32 kFrames = PITH_FAT_FRAMES;
#else
inline constexpr u32 kFrames = 4096;
#endif
static_assert((kFrames & (kFrames - 1)) == 0);
/// So many changed sectors have a round begin.
inline constexpr u32 kManyChanged = kFrames / 2;

/// Nodes that are known by number; a power of two.
inline constexpr u32 kNodes = kFrames < 1024 ? kFrames : 1024;
inline constexpr u32 kHolds = kNodes;
/// Chains whose clusters become free with the next round.
inline constexpr u32 kFrees = 256;
inline constexpr u32 kTransfers = 16;
inline constexpr u32 kSyncs = 32;

/// Reads of metadata at once, and how much each reads ahead.
inline constexpr u32 kReads = 16, kReadSectors = 8;
/// A transfer's own memory, for what is not whole sectors.
inline constexpr u32 kBounceBytes = 16 * 1024;
/// Sectors that are written back at once, in at most so many requests.
inline constexpr u32 kStagedSectors = 256, kWrites = 30;
/// Zeroes that a request writes at most. Bytes.
inline constexpr u32 kZeroBytes = 64 * 1024;
/// Bytes of contents that one call reads or writes at most.
inline constexpr u64 kMostContent = 1024 * 1024;
/// Entries of the table that one event changes at most, and that it follows at most.
inline constexpr u32 kEventEntries = 2048, kEventSteps = 65536;

/// The memory shared with the disk: the ring's page comes first.
inline constexpr u64 kReadBuffers = 4096, kBounceBuffers = kReadBuffers + u64{kReads} * kReadSectors * kSector,
                     kStaging = kBounceBuffers + u64{kTransfers} * kBounceBytes, kZeroes = kStaging + u64{kStagedSectors} * kSector,
                     kDiskMemoryBytes = kZeroes + kZeroBytes;

/// Nanoseconds that a change waits for a round at most.
inline constexpr u64 kRoundInterval = 5'000'000'000;

/// A directory has at most so many entries of 32 bytes, and a file so many bytes.
inline constexpr u32 kMostEntries = 65536;
inline constexpr u64 kMostSize = 0xffffffff;

}  // namespace pith::fat
