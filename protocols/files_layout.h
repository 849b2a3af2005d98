// What the files protocol puts into bytes and into shared memory.
#pragma once
#include "base/types.h"

namespace pith::files {

/// Of a node. Times are nanoseconds since 1970.
struct Attributes {
  u64 node;
  u64 size;
  u64 blocks;  ///< of 512 bytes
  u32 mode;    ///< type and permissions, as Linux numbers them
  u32 links;
  u32 user, group;
  u64 device;  ///< of device nodes
  i64 access_time, modification_time, change_time;
  u64 generation;  ///< of the node's number: another file with the same number has another one
  u64 reserved[3];
};
static_assert(sizeof(Attributes) == 104);

/// What set_attributes changes; ChangeTime follows by itself.
struct Change {
  static constexpr u64 Mode = 1, Owner = 2, Size = 4, AccessTime = 8, ModificationTime = 16;
};

/// Of the whole file system. Bits from KindShift on: what kind it is.
struct Flag {
  static constexpr u64 ReadOnly = 1;
  static constexpr u32 KindShift = 8;
};
enum class Kind : u64 { Ext4 = 0, Fat = 1, HostFolder = 2 };

/// Numbers of nodes and of free ones as the answer of `state` has them; where there are more, as many as that can say.
constexpr u64 pack_nodes(u64 all, u64 free) {
  constexpr u64 kMost = 0xffffffff;
  return (all < kMost ? all : kMost) | (free < kMost ? free : kMost) << 32;
}

/// A name in a directory; the next one follows at the next multiple of 8.
struct Entry {
  u64 node;
  u64 next;  ///< cookie of what follows
  u32 mode;  ///< type bits only
  u32 length;
  // then the name
};

}  // namespace pith::files
