// When a crashed component starts again: at once, later, or not at all. No IPC here; times are nanoseconds since boot.
#pragma once
#include "abi/boot_image.h"
#include "base/types.h"
#include "lib/clock.h"

namespace pith::supervisor {

/// Restarts of one component. The first crash in a while costs no wait; then waits double, and more than `limit` crashes within 10 s end
/// it.
class RestartPolicy {
 public:
  static constexpr u64 kWindow = 10 * kSecond;
  static constexpr u64 kFirstWait = kMillisecond;

  void initialize(image::Restart restart, u32 limit) {
    restart_ = restart;
    limit_ = limit;
  }

  struct Decision {
    enum Kind { Start, GiveUp } kind;
    u64 at;  ///< for Start: when
  };

  /// What follows a crash at `time`.
  Decision crashed(u64 time) {
    if (restart_ == image::Restart::Never) return {Decision::GiveUp, 0};
    if (crashes_ == 0 || time - window_start_ > kWindow) {
      window_start_ = time;
      crashes_ = 0;
    }
    if (++crashes_ > limit_) return {Decision::GiveUp, 0};
    if (crashes_ == 1) return {Decision::Start, time};
    u32 doublings = crashes_ - 2 < kMostDoublings ? crashes_ - 2 : kMostDoublings;
    return {Decision::Start, time + (kFirstWait << doublings)};
  }

 private:
  static constexpr u32 kMostDoublings = 10;

  image::Restart restart_ = image::Restart::Never;
  u32 limit_ = 0;
  u32 crashes_ = 0;
  u64 window_start_ = 0;
};

}  // namespace pith::supervisor
