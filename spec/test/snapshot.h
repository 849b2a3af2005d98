// Going back to an earlier state of the simulated machine.
#pragma once
#include <vector>

#include "kernel/arch/host/machine.h"
#include "kernel/memory/flush.h"
#include "kernel/object/interrupt.h"

namespace pith::spec::test {

/// The kernel's data and what of the hardware matters.
class Snapshot {
 public:
  /// Notes the state of now.
  void take();
  /// Makes it the state of now; the specification takes it over.
  void restore(host::Machine& machine) const;

 private:
  struct Page {
    u64 words[kPageSize / 8];
  };
  std::vector<FrameInfo> frames_;
  std::vector<u64> epochs_;
  std::vector<Page> pages_;
  pith::Cpu cpu_;
  Flushes flushes_;
  FrameNumber lines_[host::kAllLines];
  bool masked_[host::kAllLines];
  u64 now_, timer_, root_;
};

}  // namespace pith::spec::test
