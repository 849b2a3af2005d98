// From the guest's registers to a handler and back.
#pragma once
#include "personality/linux/process/task.h"

namespace pith::personality {

/// Handles the system call that the guest's registers show. Called without the lock.
void handle_system_call(Task& task);
/// Puts an error into the guest's registers, or marks the call as broken off.
void answer_error(Task& task, Error error);

}  // namespace pith::personality
