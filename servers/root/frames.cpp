// Bookkeeping of untyped memory.
#include "servers/root/frames.h"

#include "abi/error.h"

namespace pith::root {

template <u32 kRuns>
Result<void> FrameList<kRuns>::add(FrameRange run) {
  if (count_ && runs_[count_ - 1].first + runs_[count_ - 1].count == run.first) {
    runs_[count_ - 1].count += run.count;
  } else {
    if (count_ == kRuns) return Error::NoSpace;
    runs_[count_++] = run;
  }
  total_ += run.count;
  return {};
}

template <u32 kRuns>
Result<FrameNumber> FrameList<kRuns>::take() {
  if (run_ < count_ && used_ == runs_[run_].count) {
    run_++;
    used_ = 0;
  }
  if (run_ >= count_) return Error::NoMemory;
  return FrameNumber(runs_[run_].first + used_++);
}

template <u32 kRuns>
u32 FrameList<kRuns>::take_rest(FrameRange* runs, u32 most) {
  u32 count = 0;
  for (; run_ < count_ && count < most; run_++, used_ = 0) {
    if (used_ < runs_[run_].count) runs[count++] = {runs_[run_].first + used_, runs_[run_].count - used_};
  }
  return count;
}

template class FrameList<16>;
template class FrameList<64>;

void FrameBank::initialize(const BootInformation& boot) {
  count_ = boot.range_count < BootInformation::kRanges ? boot.range_count : BootInformation::kRanges;
  for (u32 i = 0; i < count_; i++) {
    runs_[i] = boot.untyped[i];
    available_ += runs_[i].count;
  }
}

FrameRange FrameBank::take_run(u64 most) {
  while (run_ < count_ && runs_[run_].count == 0) run_++;
  if (run_ == count_) return {};
  FrameRange& run = runs_[run_];
  FrameRange taken{run.first, run.count < most ? run.count : u32(most)};
  run.first += taken.count;
  run.count -= taken.count;
  available_ -= taken.count;
  return taken;
}

Result<FrameNumber> FrameBank::take() {
  FrameRange run = take_run(1);
  if (run.count == 0) return Error::NoMemory;
  return FrameNumber(run.first);
}

Result<FrameNumber> FrameBank::take_row(u32 count) {
  for (u32 i = run_; i < count_; i++) {
    if (runs_[i].count < count) continue;
    runs_[i].count -= count;
    available_ -= count;
    return FrameNumber(runs_[i].first + runs_[i].count);
  }
  return Error::NoMemory;
}

template <u32 kRuns>
Result<void> FrameBank::take(u64 count, FrameList<kRuns>& list) {
  if (count > available_) return Error::NoMemory;
  while (count > 0) {
    FrameRange run = take_run(count);
    TRY(list.add(run));
    count -= run.count;
  }
  return {};
}

template Result<void> FrameBank::take(u64, FrameList<16>&);
template Result<void> FrameBank::take(u64, FrameList<64>&);

}  // namespace pith::root
