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

  /// `patience`: as in Looks.
  bool is_hung(u32 patience) const { return is_known_ && points_ >= u64{kFree} * patience * (has_begun_ ? looks_ : looks_ + kFirstLooks); }
  /// Nanoseconds of its own time since it was first found at this pulse.
  u64 spent() const { return spent_; }

 private:
  u32 looks_ = kLooks;
  bool is_known_ = false, has_begun_ = false;
  u64 pulse_ = 0, points_ = 0, first_used_ = 0, spent_ = 0;
};

/// When looks are due. Times are nanoseconds since boot.
class Looks {
 public:
  static constexpr u32 kMostPatience = 16;
  static constexpr u64 kCalm = 1'000'000'000;
  /// The first looks may be late without saying anything about the machine: all programs start then.
  static constexpr u32 kBeginning = 64;
  enum class Due { No, Yes, Late };

  /// `interval` 0: there is nothing to look at.
  void initialize(u64 interval) {
    interval_ = interval;
    next_ = interval != 0 ? 1 : 0;
  }
  /// When the next one is due; 0: never.
  u64 next() const { return next_; }
  /// The next one is so many intervals away.
  void put_off(u64 time, u32 intervals) { next_ = interval_ != 0 ? time + intervals * interval_ : 0; }

  /// Late: whoever looks did not get to run, or the machine stood still, as a virtual one does whose host is busy. Such a look counts little
  /// (weight_of), and for a while everybody is given more time: it may happen to one of several CPUs unseen.
  Due take(u64 time) {
    if (next_ == 0 || time < next_) return Due::No;
    bool is_late = next_ != 1 && time - next_ > interval_ / 2;
    next_ = time + interval_;
    if (beginning_ != 0 && --beginning_ != 0 && is_late) return Due::Late;
    if (is_late) {
      patience_ = patience_ < kMostPatience ? patience_ * 2 : kMostPatience;
      calm_at_ = time + kCalm;
      return Due::Late;
    }
    if (patience_ > 1 && time >= calm_at_) {
      patience_ /= 2;
      calm_at_ = time + kCalm;
    }
    return Due::Yes;
  }
  static u64 weight_of(Due due, u64 weight) { return due == Due::Late && weight > Heartbeat::kHindered ? u64{Heartbeat::kHindered} : weight; }
  /// How many times as many looks as else it takes.
  u32 patience() const { return patience_; }

 private:
  u64 interval_ = 0, next_ = 0, calm_at_ = 0;
  u32 patience_ = 1, beginning_ = kBeginning;
};

}  // namespace pith
