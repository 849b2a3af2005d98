// One run of the machine: starts QEMU, passes its diagnostics on, ends it in time, says how it went.
#pragma once
#include "tools/launch/options.h"

namespace pith::launch {

/// Exit statuses that are pith-launch's own.
struct ExitStatus {
  static constexpr int Usage = 2, TimedOut = 124, NotUp = 125, Panic = 126;
};

/// Runs the machine with the image behind `image` to its end and answers the exit status.
int run_session(const Options& options, int image);

}  // namespace pith::launch
