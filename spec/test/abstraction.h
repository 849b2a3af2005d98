// The relation between the kernel's objects and the specification's state: taking the latter from the former, and comparing them.
#pragma once
#include <string>

#include "kernel/arch/host/machine.h"
#include "spec/events.h"

namespace pith::spec::test {

/// Sets the specification's state to what the kernel's objects mean.
void take_over();

/// The first thing in which the two differ: empty if they agree.
std::string difference(const host::Machine& machine);

/// A number for what the kernel's objects mean, counters that only ever grow left out. Kernel and specification must agree.
u64 fingerprint();

/// Follows the kernel where the specification leaves it a choice: who runs, what time was used, which of the timers that are due fire.
/// Answers what is wrong with the choice of who runs, if anything.
std::string follow_schedule();

/// Notes whether who runs now has been chosen by the rules, and not by the test.
void note_choice();

/// What the specification thinks lies in user memory; user code writes there through here.
void set_user_word(FrameNumber frame, u32 index, u64 value);

/// `thread` asks something new: what it was answered before is gone.
void forget_answer(FrameNumber thread);

}  // namespace pith::spec::test
