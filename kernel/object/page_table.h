// Page tables and shares: 512 entries that map a region's own frames.
#pragma once
#include "kernel/arch/contract/memory.h"
#include "kernel/memory/view.h"

namespace pith {

inline constexpr u32 kPageTableEntries = 512;

/// FrameInfo.level says which level; FrameInfo.parent and index where it is linked. A leaf's entries name Data frames of the table's own region.
struct alignas(kPageSize) PageTable {
  static constexpr ObjectType kType = ObjectType::PageTable;
  arch::PageTableEntry entry[kPageTableEntries];
};
static_assert(sizeof(PageTable) == kPageSize);

/// A leaf table that another space links, seen through its own type. FrameInfo.parent and index: the one place where it is linked.
/// FrameInfo.level 1: device memory, which cannot be changed.
struct alignas(kPageSize) Share {
  static constexpr ObjectType kType = ObjectType::Share;
  arch::PageTableEntry entry[kPageTableEntries];

  Result<void> map(Thread& caller, u64 index, FrameNumber frame, u64 access);
  Result<void> unmap(Thread& caller, u64 index);
  Result<void> revoke(Thread& caller);
};

/// Bytes that one entry of a table of this level spans, as a shift.
constexpr u32 entry_shift(u32 level) { return 12 + 9 * level; }
/// Entry of a table of `level` that `address` goes through.
constexpr u32 entry_index(u64 address, u32 level) { return u32(address >> entry_shift(level)) % kPageTableEntries; }

/// Checks a mapping's access word. Error: BadArgument.
Result<Access> check_access(u64 access);

/// Checks that `frame` may be mapped by a table of `owner`: Data, of the same region, not too often. Errors: BadFrame, WrongType, Limit.
Result<void> check_mappable(FrameNumber owner, FrameNumber frame);

/// Takes a linked share out of the table that links it: that space's spare table takes its place.
void unlink_share(FrameNumber share);

}  // namespace pith
