// Who has which frames: runs of untyped memory that root hands to regions and takes back by the same list.
#pragma once
#include "abi/boot_information.h"
#include "base/result.h"

namespace pith::root {

/// A list of runs of frames, used from the front. Reset when the frames have been taken back.
template <u32 kRuns>
class FrameList {
 public:
  /// Errors: NoSpace when the list is full.
  Result<void> add(FrameRange run);

  /// The next unused frame. Errors: NoMemory.
  Result<FrameNumber> take();

  void reset() { run_ = used_ = 0; }
  u32 count() const { return count_; }
  const FrameRange& operator[](u32 index) const { return runs_[index]; }
  u64 total() const { return total_; }

  /// What is unused, as runs; returns how many. Everything counts as used afterwards.
  u32 take_rest(FrameRange* runs, u32 most);

 private:
  FrameRange runs_[kRuns] = {};
  u32 count_ = 0;
  u32 run_ = 0, used_ = 0;  // the run in use and how many of its frames are used
  u64 total_ = 0;
};

using ServiceFrames = FrameList<16>;
using InstanceFrames = FrameList<64>;

/// The machine's untyped memory.
class FrameBank {
 public:
  void initialize(const BootInformation& boot);

  /// One frame for root itself. Errors: NoMemory.
  Result<FrameNumber> take();
  /// Moves `count` frames to `list`. Errors: NoMemory, NoSpace.
  template <u32 kRuns>
  Result<void> take(u64 count, FrameList<kRuns>& list);
  /// `count` frames one behind the other, for root itself. Errors: NoMemory.
  Result<FrameNumber> take_row(u32 count);
  u64 available() const { return available_; }

 private:
  FrameRange take_run(u64 most);

  FrameRange runs_[BootInformation::kRanges] = {};
  u32 count_ = 0, run_ = 0;
  u64 available_ = 0;
};

}  // namespace pith::root
