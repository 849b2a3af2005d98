// What lasts of the ext4 service: all of it lies in the vault.
#pragma once
#include "lib/ipc/server.h"
#include "servers/ext4/sizes.h"

struct struct_ext2_filsys;

namespace pith::ext4 {

/// A block of metadata in memory.
struct Frame {
  static constexpr u32 kInUse = 1, kDirty = 2, kStaged = 4, kVerified = 8;
  u64 block;
  u32 next;  ///< of the same bucket: index + 1
  u32 flags;
};

/// Blocks that nobody may have before the transaction that freed them is on the medium.
struct FreedRange {
  u64 first;
  u32 count;
  u32 is_committing;
};

struct Hold {
  u64 node;
  u32 session, count;
};

/// A call of sync that waits for the end of a round of the journal.
struct Sync {
  Token token;
  u32 is_used;
  u64 round;
};

/// A call that reads or writes contents, or the rest of a block that is cleared behind a file's new end.
struct Transfer {
  enum class Kind : u32 { None, Read, Write, Clear };
  enum class Step : u32 {
    Next,
    Direct,
    Fetch,
    Store
  };  ///< to be planned; from or to the client's memory; into, or from, the service's own

  Kind kind;
  Step step;
  u32 session;
  Token token;
  u64 node, offset, length, place;
  u64 done;            ///< bytes
  u64 piece;           ///< bytes that the request in progress is for
  u64 is_fresh[2];     ///< the first and the last block have no content yet
  u64 number;          ///< of the request in progress, never used before
  u64 sector;          ///< of it, in the file system's partition
  u32 request_length;  ///< in bytes
  u32 skip;            ///< bytes of the service's own memory in front of the piece
  u64 size;            ///< of the file afterwards
  u64 is_cleared;      ///< the service's own memory is, before it is filled: there is nothing to be fetched
};

/// A piece of the journal's file.
struct JournalRun {
  u32 logical, count;
  u64 physical;
};

/// What is being written to the disk beside contents.
enum class Stage : u32 {
  None,
  Drain,      ///< the transaction ends as soon as contents that it refers to are written
  Log,        ///< its blocks go to the journal
  Commit,     ///< its last block does
  Homes,      ///< its blocks go where they belong
  Tail,       ///< the journal is told that they are there
  FlushOnly,  ///< there was nothing to commit, but contents
  Replay,     ///< of a journal that was found: blocks go where they belong
  ReplayTail,
  MarkSuper,  ///< the file system is in use
  MarkTail,
  CloseTail,  ///< and now it is not any more
  CloseSuper,
};

enum class Mount : u32 { Start, Open, Journal, Scan, Revoke, Replay, Reopen, Mark, Ready, Failed };

struct Journal {
  u32 sequence;       ///< of the transaction that runs, or of the one that is being committed
  u32 length, first;  ///< in blocks
  u32 features;       ///< incompatible ones
  u32 tag_bytes, has_checksums, checksum_seed;
  u32 run_count;
  JournalRun runs[kJournalRuns];
  std::byte superblock[1024];

  Stage stage;
  u32 staged;                ///< blocks in staging
  u32 stage_count;           ///< of all time
  u64 rounds;                ///< that have begun
  u64 oldest_change;         ///< since boot, when the oldest change of the running transaction was made; 0: there is none
  u64 homes[kStagedBlocks];  ///< where a staged block belongs; kNowhere: a descriptor
  u64 number;                ///< of the last request of contents

  // of a replay
  u32 position, expected, end, tag, walked;
};
inline constexpr u64 kNowhere = ~u64{0}, kEscaped = u64{1} << 62;
/// Of an orphan: it cannot be worked on, because it contradicts itself; it has a name, and only lost a part of its contents.
inline constexpr u64 kBad = u64{1} << 62, kShrinks = u64{1} << 61, kOrphanNode = kShrinks - 1;

struct Revoke {
  u64 block;  ///< + 1
  u32 sequence, reserved;
};

struct State {
  static constexpr u64 kLayout = 1;

  Mount mount;
  Error mount_error;
  u32 is_read_only;
  u32 is_broken;  ///< a write of the journal failed: nothing is changed any more
  u32 block_size;
  u32 is_doubtful;  ///< the superblock is not as it was written
  u64 partition_first, partition_sectors;
  u64 generation;
  struct_ext2_filsys* library;
  u64 heap_used;

  Journal journal;
  Frame frames[kFrames];
  u32 buckets[kFrames];
  u32 dirty[kFrames];
  u32 dirty_count;
  u32 freed_count;
  FreedRange freed[kFreedRanges];
  u64 dirty_groups[1024];  ///< a bit each
  u32 orphan_count;        ///< oldest first: the list on the disk begins with the last
  u32 has_more_orphans;
  u64 orphans[kOrphans];
  Hold holds[kHolds];
  Sync syncs[kSyncs];
  Transfer transfers[kTransfers];
  Revoke revokes[kRevokes];
  alignas(64) std::byte heap[kHeapBytes];
  alignas(4096) std::byte blocks[kFrames][kFrameBytes];

  void begin() {}
  bool check() const {
    return u32(mount) <= u32(Mount::Failed) && dirty_count <= kFrames && freed_count <= kFreedRanges && orphan_count <= kOrphans &&
           heap_used <= kHeapBytes && journal.staged <= kStagedBlocks && journal.run_count <= kJournalRuns;
  }
};

}  // namespace pith::ext4
