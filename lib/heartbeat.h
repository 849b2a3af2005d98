// When a component that does not come back to its loop counts as hung. No IPC here: whoever watches looks at it in equal intervals.
#pragma once
#include "base/types.h"

namespace pith {

/// What was seen of one component. It hangs when it was found away from its receive, at the same pulse (lib/ipc/pulse.h), often enough
/// while it could run; waiting for an answer of somebody else never counts.
class Heartbeat {
 public:
  /// Looks of full weight until then: a component is looked at twice in its `heartbeat_ms`, so one that comes by no more counts as hung
  /// after one and a half of these at the least, and two at the most.
  static constexpr u32 kLooks = 3;
  /// At the system's start, when programs run for the first time and all at once, it may take longer until the first pulse.
  static constexpr u32 kFirstLooks = 100;

  /// How much a look counts.
  static constexpr u64 kInCall = 0, kHindered = 1, kFree = 4;

  /// `looks`: of full weight, after which it hangs, unless that is before its first pulse in this system.
  void initialize(u32 looks) { looks_ = looks; }

  /// It waits for a message: it is well.
  void rest() {
    is_known_ = false;
    has_begun_ = true;
  }
  /// Nothing that was seen counts any more.
  void forget() { is_known_ = false; }

  /// It is somewhere else. `used`: nanoseconds of its own time that it has used since boot.
  void look(u64 pulse, u64 weight, u64 used) {
    if (!is_known_ || pulse != pulse_) {
      is_known_ = true;
      pulse_ = pulse;
      points_ = 0;
      first_used_ = used;
    } else {
      points_ += weight;
    }
    spent_ = used - first_used_;
    if (pulse != 0) has_begun_ = true;
  }

  bool is_hung() const { return is_known_ && points_ >= u64{kFree} * (has_begun_ ? looks_ : looks_ + kFirstLooks); }
  /// Nanoseconds of its own time since it was first found at this pulse.
  u64 spent() const { return spent_; }

 private:
  u32 looks_ = kLooks;
  bool is_known_ = false, has_begun_ = false;
  u64 pulse_ = 0, points_ = 0, first_used_ = 0, spent_ = 0;
};

}  // namespace pith
