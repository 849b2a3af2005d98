// Region: the set of frames that a component owns, and the way to take all of them back.
#pragma once
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"

namespace pith {

/// Invariant: `frames` is the number of FrameInfo entries whose owner is this region; `depth` is one more than the parent's, at most 8; `time_given` is
/// the sum of the shares of the scheduling contexts and the costs of the regions that it owns, at most `time_share` where that is limited.
struct alignas(kPageSize) Region {
  static constexpr ObjectType kType = ObjectType::Region;
  FrameNumber parent;    ///< 0 for the first region only
  u32 depth;
  u32 closing;           ///< 1: nothing in it grows any more
  u32 priority_ceiling;  ///< of scheduling contexts and regions made in it
  u64 frames;
  u64 is_limited;        ///< 1: what its scheduling contexts and regions may use of the CPUs is limited to time_share
  u64 time_share;        ///< in units of kWholeCpu
  u64 time_given;        ///< to its scheduling contexts, and to the regions in it

  Result<void> create(Thread& caller, FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument, FrameNumber second);
  Result<void> give(Thread& caller, CapabilitySlot child, FrameNumber first, u64 count);
  Result<void> close(Thread& caller);
  Result<RegionReclaimResult> reclaim(Thread& caller, FrameNumber first, u64 count);
  Result<void> destroy(Thread& caller, FrameNumber frame);
  Result<void> renew(Thread& caller, FrameNumber frame, CapabilitySlot slot);
  Result<RegionInspectResult> inspect(Thread& caller, FrameNumber frame);
  Result<RegionStatusResult> status(Thread& caller);
  Result<void> share_time(Thread& caller, CapabilitySlot child, u64 share);
};

/// Frames that one entry gives away at most.
inline constexpr u64 kFramesPerGift = 16;

/// Untyped frames of the region `from` become the region `to`'s, all or none. Errors: BadFrame, FrameInUse.
Result<void> move_frames(FrameNumber from, FrameNumber first, u64 count, FrameNumber to);

/// A whole CPU as a share of time.
inline constexpr u64 kWholeCpu = 65536;

/// True when the region's account bears `wanted` in place of `given` before.
bool has_time_for(const Region& region, u64 given, u64 wanted);

/// What a region costs the account of the one that it lies in.
u64 time_cost(const Region& region);

/// Checks that the untyped `frame` below `region` may become an object now: open, flushed, epochs left.
/// Errors: BadFrame, FrameInUse, Closing, Exhausted, Again.
Result<void> check_creatable(FrameNumber region, FrameNumber frame);

/// True when `region` is below `above`, and some region on the way down to it, `above` excluded, is closing.
bool is_closed_below(FrameNumber above, FrameNumber region);

/// Takes an untyped frame or Data from its owner, which is closing, back to `region`; false when it is still used.
bool take_back(FrameNumber frame, FrameNumber region);

/// How many frames were looked at, and whether one of them (1) is still used.
struct TakenBack {
  u32 frames;
  u32 is_one_used;
};

/// Looks at some of the `count` frames from `first` on, up to the first that is not of `owner`. If that is closed it takes them back, up to
/// the first object.
TakenBack take_back_in_a_row(FrameNumber first, u64 count, FrameNumber owner, bool is_closed, FrameNumber region);

}  // namespace pith
