// x86-64: struct stat.
#pragma once
#include "personality/linux/abi.h"

namespace pith::personality::machine {

struct FileStatus {
  u64 device, inode, links;
  u32 mode, uid, gid, pad;
  u64 special;
  i64 size, block_size, blocks;
  TimeSpec access, modification, change;
  i64 reserved[3];
};
static_assert(sizeof(FileStatus) == 144);

}  // namespace pith::personality::machine
