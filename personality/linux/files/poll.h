// What the calls that wait for files have in common.
#pragma once
#include "personality/linux/process/task.h"

namespace pith::personality {

/// A timeout of a call that waits for as long as it takes.
inline constexpr u64 kNoTimeout = ~u64{0};

/// Puts another signal mask in force until the call's end and the signals' delivery.
void exchange_mask(Task& task, SignalSet mask);

}  // namespace pith::personality
