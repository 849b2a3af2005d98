// The environment's pages: frames of the pool with reference counts, so that processes and files can share them.
#pragma once
#include <functional>
#include <vector>

#include "base/result.h"
#include "lib/pool.h"

namespace pith::personality {

/// A page by its place in the pool's window; 0 names none.
using PageIndex = Strong<struct PageIndexTag, u32>;
inline constexpr PageIndex kNoPage{0};

/// Hands out pages and counts who holds them. Guarded by the environment's lock.
class PageStore {
 public:
  /// `window`: where the pool maps its frames.
  PageStore(FramePool& pool, u8* window);

  /// A page with one reference and unspecified content, for one who overwrites it whole.
  Result<PageIndex> allocate() { return allocate(FramePool::Contents::Any); }
  /// A page of zeroes with one reference.
  Result<PageIndex> allocate_zeroed() { return allocate(FramePool::Contents::Zeroed); }
  void retain(PageIndex page) { references_[page.raw]++; }
  void release(PageIndex page) {
    if (--references_[page.raw] == 0) pool_.release(frames_[page.raw]);
  }
  u32 references(PageIndex page) const { return references_[page.raw]; }
  u8* data(PageIndex page) const { return window_ + u64{page.raw} * kPageSize; }
  FrameNumber frame(PageIndex page) const { return frames_[page.raw]; }

  /// Asked for pages (how many are wanted; how many came) before there are none left. Keeps the lock.
  std::function<u64(u64)> reclaim;

  u64 total() const { return pool_.total_frames(); }
  u64 available() const { return pool_.free_frames(); }

 private:
  /// Left for what must not fail half-way: page tables, threads, exits.
  static constexpr u64 kReserve = 64;
  Result<PageIndex> allocate(FramePool::Contents contents);

  FramePool& pool_;
  u8* window_;
  std::vector<u32> references_;
  std::vector<FrameNumber> frames_;
};

}  // namespace pith::personality
