// x86-64: the frame that a signal handler finds on its stack, and the way back from it.
#pragma once
#include "personality/linux/process/task.h"

namespace pith::personality::machine {

/// Pushes a frame for `signal` and sets the registers so that the handler runs. BadPointer when the stack cannot take it.
Result<void> push_signal_frame(Task& task, const SignalInformation& information, const SignalAction& action, SignalSet return_mask);
/// Restores registers, mask and alternate stack from the frame that the stack pointer shows.
Result<void> pop_signal_frame(Task& task);

}  // namespace pith::personality::machine
