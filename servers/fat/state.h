// What lasts of the FAT service: all of it lies in the vault.
#pragma once
#include "lib/ipc/server.h"
#include "servers/fat/disk_layout.h"
#include "servers/fat/sizes.h"

namespace pith::fat {

/// Finds places by a key that the places themselves hold. kSize: a power of two.
template <u32 kSize>
struct Index {
  u32 buckets[kSize];  ///< place + 1
  u32 next[kSize];     ///< of the same bucket

  static u32 bucket_of(u64 key) { return u32(key * 0x9e3779b97f4a7c15 >> 40) & (kSize - 1); }
  void add(u64 key, u32 place) {
    u32& bucket = buckets[bucket_of(key)];
    next[place] = bucket;
    bucket = place + 1;
  }
  void remove(u64 key, u32 place) {
    u32* link = &buckets[bucket_of(key)];
    while (*link != 0 && *link != place + 1) link = &next[*link - 1];
    if (*link != 0) *link = next[place];
  }
  /// Place + 1 of the first one that `is_it`; 0: none.
  template <class F>
  u32 find(u64 key, F&& is_it) const {
    u32 link = buckets[bucket_of(key)];
    while (link != 0 && !is_it(link - 1)) link = next[link - 1];
    return link;
  }
};

/// A sector of the table or of a directory in memory.
struct Frame {
  static constexpr u32 kInUse = 1, kChanged = 2, kOfTable = 4;
  static constexpr u32 kOfNewDirectory = 8;  ///< nothing on the medium refers to it yet
  static constexpr u32 kOfNewCluster = 16;   ///< must be zero on the medium before the table says that it belongs to a directory
  static constexpr u32 kOnlyRemovals = 32;   ///< of a directory: names were taken away, none were added
  u64 sector;
  u32 flags;
  u32 removed_later;  ///< entries, as bits, that count as removed, but stay on the medium until others are there
};

inline constexpr u64 kNowhere = ~u64{0};

/// A file or directory that is known by number.
struct Node {
  static constexpr u32 kUsed = 1, kRoot = 2;
  static constexpr u32 kHasExcess = 4;  ///< its chain is longer than its size
  u64 number;
  u64 position;  ///< of its entry: sector * kEntriesOfSector + place in it; kNowhere: it has no name any more
  u64 generation;
  u64 valid;             ///< bytes of content that are on the disk; behind them it is zero
  DirectoryEntry entry;  ///< as it lies at `position`
  u32 flags;
  u32 allocated;                 ///< clusters of its chain, as far as is known
  u32 hint_index, hint_cluster;  ///< a cluster in the middle of the chain; 0: none
  u32 last_index, last_cluster;  ///< the one that was added last
  u32 holds, transfers;

  u32 first() const { return u32{entry.first_high} << 16 | entry.first_low; }
  u64 size() const { return entry.size; }
  bool is_directory() const { return entry.is_directory(); }
};

struct Hold {
  u32 node, session, count, reserved;
};

/// A chain whose clusters become free when the medium does not refer to them any more.
struct Freed {
  u32 cluster;
  u32 is_directory;
};

/// A call of sync that waits for a round to end.
struct Sync {
  Token token;
  u32 is_used;
};

/// A call that reads or writes contents.
struct Transfer {
  enum class Kind : u32 { None, Read, Write };
  enum class Step : u32 { Plan, Disk };  ///< the next piece is to be found; it is for the disk to do
  enum class Mode : u32 {
    Direct,
    Fetch,
    Store,
    Zeroes
  };  ///< the client's memory; into, or from, the transfer's own; zeroes in front of what is written

  Kind kind;
  Step step;
  Mode mode;
  u32 session;
  Token token;
  u32 node;
  u64 order;  ///< transfers are numbered
  u64 offset, end, place, done;
  u64 sector;  ///< of the request
  u32 bytes;   ///< of the request
  u32 piece;   ///< bytes of content that it is for
  u32 skip;    ///< bytes of the transfer's own memory in front of them
  u32 reserved;
};

enum class Mount : u32 { Start, Counting, Ready, Failed };

/// A round brings to the medium what has changed, in an order that leaves it right at any time.
enum class Stage : u32 {
  None,
  Drain,        ///< no request of contents is under way, and none begins to write
  Mark,         ///< the volume is in use
  Fill,         ///< what files do not have yet becomes zero
  NewClusters,  ///< new clusters of directories are zero; contents are on the medium
  Table,        ///< chains that have become longer
  NewDirectories,
  Removals,  ///< names that were taken away
  Names,     ///< names that were added or changed
  Renames,   ///< the other names of what has two
  Free,      ///< clusters become free
  FreeTable,
  Information,  ///< how many are free
  Clear,        ///< the volume is not in use
};

/// Where everything lies. Sectors are of 512 bytes, from the volume's beginning.
struct Geometry {
  Width width;
  u32 cluster_sectors;
  u32 tables, active_table;  ///< the one that is read
  u64 table_start, table_sectors;
  u64 root_start, root_sectors;  ///< not of FAT32
  u64 data_start;
  u32 end;  ///< the cluster behind the last one
  u32 root_cluster;
  u32 information;  ///< sector; 0: none
  u32 state_byte;   ///< offset in the first sector

  u32 cluster_bytes() const { return cluster_sectors * kSector; }
  bool is_cluster(u32 cluster) const { return cluster >= kFirstCluster && cluster < end; }
  u64 sector_of(u32 cluster) const { return data_start + u64{cluster - kFirstCluster} * cluster_sectors; }
};

struct State {
  static constexpr u64 kLayout = 1;

  Mount mount;
  Error mount_error;
  Stage stage;
  u32 is_broken;    ///< a write of the volume's own sectors failed: nothing is changed any more
  u32 is_marked;    ///< the medium says that the volume is in use
  u32 has_written;  ///< contents that no round has had on the medium yet
  Geometry geometry;
  u32 free_clusters, next_free;
  u32 counted;  ///< while they are counted: the next one
  u32 free_frames;
  u64 oldest_change;  ///< since boot, nanoseconds; 0: nothing has changed
  u64 orders, generations;
  u32 changed_frames, freed_count, node_hand, reserved;
  u64 first_sector, sectors_of_partition;  ///< of the disk; 0 sectors: not known yet
  std::byte boot[kSector], information[kSector];

  Frame frames[kFrames];
  u32 free_frame[kFrames];  ///< a stack
  Index<kFrames> frame_index;
  Node nodes[kNodes];
  Index<kNodes> node_by_number, node_by_position;
  Hold holds[kHolds];
  u32 instances[33];  ///< of each session's component
  Freed freed[kFrees];
  Sync syncs[kSyncs];
  Transfer transfers[kTransfers];
  alignas(64) std::byte sectors[kFrames][kSector];

  void begin() {
    for (u32 i = 0; i < kFrames; i++) free_frame[i] = kFrames - 1 - i;
    free_frames = kFrames;
  }
  bool check() const {
    return u32(mount) <= u32(Mount::Failed) && u32(stage) <= u32(Stage::Clear) && free_frames <= kFrames && freed_count <= kFrees &&
           changed_frames <= kFrames;
  }
};

}  // namespace pith::fat
