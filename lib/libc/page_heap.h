// Pages of the component's heap, which is mapped from the start: what anonymous mmap and munmap of the C library use.
#pragma once
#include "base/types.h"

namespace pith {

/// A run of pages with one bit each, kept in its own first pages; first fit. Not locked: see thread_block.h for the rule.
/// Invariant: a page at or above `touched_` was never handed out and is still zero.
class PageHeap {
 public:
  /// Takes `size` bytes from `base` on, which must be page aligned, mapped and zero.
  void initialize(u64 base, u64 size);

  /// The address of `pages` pages of zeroes in a row, or 0.
  u64 allocate(u64 pages);

  /// Takes pages back. Answers false, and changes nothing, if the range is not in the heap.
  bool release(u64 address, u64 pages);

  u64 free_pages() const { return free_; }

 private:
  bool is_used(u64 page) const { return used_[page / 64] >> page % 64 & 1; }
  void mark(u64 page, u64 count, u64 value);
  u64 find(u64 pages) const;

  u64 base_ = 0;
  u64 pages_ = 0;
  u64 free_ = 0;
  u64 lowest_free_ = 0;  ///< no page below it is free
  u64 touched_ = 0;
  u64* used_ = nullptr;
};

}  // namespace pith
