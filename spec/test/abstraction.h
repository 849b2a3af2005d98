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

/// Takes over who runs, what time was used and which timers fired: what the specification leaves open.
void follow_schedule();

/// What the specification thinks lies in user memory; user code writes there through here.
void set_user_word(FrameNumber frame, u32 index, u64 value);

/// `thread` asks something new: what it was answered before is gone.
void forget_answer(FrameNumber thread);

}  // namespace pith::spec::test
