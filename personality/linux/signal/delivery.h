// What happens to a task between leaving and entering its guest: faults, signals, stops, the end.
#pragma once
#include "lib/guest.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

/// Looks after everything that wants the task's attention. False: the task has ended and is gone. Called without the lock.
bool attend_signals(Task& task);
/// Answers a fault of the guest: a page, or a signal. Called without the lock.
void handle_guest_fault(Task& task, const GuestExitInfo& exit);
/// Points a guest at an empty address space, so that its old one can go.
void park_guest(Guest& guest);

}  // namespace pith::personality
