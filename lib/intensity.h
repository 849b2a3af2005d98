// How often something may be restarted: so many times within a period, and no more. No IPC here; times are nanoseconds since boot.
#pragma once
#include "abi/boot_image.h"

namespace pith {

/// The instants of the last restarts. It may lie in a vault: whatever is found there, it stays within its bounds.
class Intensity {
 public:
  /// Whether one more restart at `time` is within `restarts` (at most image::kMostRestarts) in each `period`; it is counted if so.
  bool count(u64 time, u32 restarts, u64 period) {
    if (restarts == 0 || restarts > image::kMostRestarts) return false;
    if (next_ >= restarts) next_ = 0;
    // The oldest one: the next place holds it once all have been used.
    if (times_[next_] != 0 && time - times_[next_] < period) return false;
    times_[next_] = time != 0 ? time : 1;
    next_++;
    return true;
  }

  void forget() { *this = {}; }

 private:
  u64 times_[image::kMostRestarts] = {};  // 0: none
  u32 next_ = 0;
};

}  // namespace pith
