// How much of everything the ext4 service has: in its vault, in the memory that it shares with the disk, at once.
#pragma once
#include "base/types.h"

namespace pith::ext4 {

/// Largest size of a block of the file system, and of a frame of the cache. Bytes.
inline constexpr u32 kFrameBytes = 4096;
/// Frames of the cache of metadata.
#ifdef PITH_EXT4_FRAMES  // tests make it small: what does not fit shows
inline constexpr u32 kFrames = PITH_EXT4_FRAMES;
inline constexpr u64 kHeapBytes = 64 * 1024;
#else
inline constexpr u32 kFrames = 1024;
inline constexpr u64 kHeapBytes = 2 * 1024 * 1024;
#endif
/// What the library has at its disposal during one event, outside of the vault.
inline constexpr u64 kScratchBytes = 1024 * 1024;

/// Blocks of a transaction, with its descriptors and its commit block.
inline constexpr u32 kStagedBlocks = 512;
/// Blocks that one event may change.
inline constexpr u32 kEventBlocks = 96;
/// Blocks that one event may read: an image in which everything refers to everything must not keep it busy.
inline constexpr u32 kEventReads = 40000;
/// Ranges of blocks that were freed and whose transaction is not yet on the medium.
inline constexpr u32 kFreedRanges = 1024;
/// Revoked blocks that are remembered while a journal is replayed; a power of two.
inline constexpr u32 kRevokes = 4096;

inline constexpr u32 kHolds = 1024;
inline constexpr u32 kOrphans = 512;
inline constexpr u32 kSyncs = 32;
/// Pieces that the journal's file may consist of.
inline constexpr u32 kJournalRuns = 64;

/// Reads and writes of contents at once, and how much of one goes through the service's own memory at once.
inline constexpr u32 kTransfers = 16;
inline constexpr u32 kTransferBuffer = 64 * 1024;
/// Bytes of contents that one call reads or writes at most.
inline constexpr u64 kMostContent = 1024 * 1024;
/// Blocks of metadata that are read at once, and how many are read ahead.
inline constexpr u32 kReads = 16, kReadAhead = 4;
/// Requests of the journal at once.
inline constexpr u32 kWrites = 30;

/// The ring's places.
inline constexpr u32 kFirstTransfer = 0, kFirstRead = kTransfers, kFirstWrite = kTransfers + kReads;

/// The memory shared with the disk, from the ring's page on.
inline constexpr u64 kReadBuffers = 4096, kTransferBuffers = kReadBuffers + u64{kReads} * kFrameBytes,
                     kStaging = kTransferBuffers + u64{kTransfers} * kTransferBuffer,
                     kDiskMemoryBytes = kStaging + u64{kStagedBlocks} * kFrameBytes;

/// Nanoseconds that a change waits for its transaction's end at most.
inline constexpr u64 kCommitInterval = 5'000'000'000;

}  // namespace pith::ext4
