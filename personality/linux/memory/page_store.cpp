// Allocation of counted pages.
#include "personality/linux/memory/page_store.h"

#include "personality/linux/errors.h"

namespace pith::personality {

PageStore::PageStore(FramePool& pool, u8* window)
    : pool_(pool), window_(window), references_(pool.total_frames() + 1), frames_(pool.total_frames() + 1) {}

Result<PageIndex> PageStore::allocate(FramePool::Contents contents) {
  constexpr u64 kAtOnce = 128;
  if (pool_.free_frames() < kReserve && (!reclaim || !reclaim(kAtOnce))) return LinuxError::OutOfMemory;
  for (;;) {
    Result<FrameNumber> frame = pool_.allocate_data(contents);
    if (!frame) return LinuxError::OutOfMemory;
    PageIndex page(u32(u64(pool_.window(*frame) - window_) / kPageSize));
    if (page.raw == 0) continue;  // index 0 means "none": that one frame stays unused
    frames_[page.raw] = *frame;
    references_[page.raw] = 1;
    return page;
  }
}

}  // namespace pith::personality
