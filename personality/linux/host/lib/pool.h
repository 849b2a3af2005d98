// Host stand-in for lib/pool.h: frames are pages of a shared memory file, so that traced processes can map them.
#pragma once
#include <mutex>
#include <vector>

#include "abi/types.h"
#include "base/result.h"

namespace pith {

class FramePool {
 public:
  enum class Contents { Zeroed, Any };
  explicit FramePool(u32 frames);

  Result<FrameNumber> allocate_data(Contents contents = Contents::Zeroed);
  void release(FrameNumber frame);
  u8* window(FrameNumber frame) const { return window_ + u64{frame.raw} * kPageSize; }
  u64 free_frames() const { return free_.size(); }
  u64 total_frames() const { return total_; }

  u8* window_start() const { return window_; }
  int file() const { return file_; }

 private:
  int file_;
  u8* window_;
  u32 total_;
  std::vector<u32> free_;
  std::mutex mutex_;
};

}  // namespace pith
