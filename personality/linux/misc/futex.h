// What futexes, robust lists among them, offer to the end of a task.
#pragma once
#include "personality/linux/memory/address_space.h"

namespace pith::personality {

/// Wakes tasks that wait on a word; how many, at most `most`.
u32 wake_futex(AddressSpace& space, GuestAddress word, u32 most);

/// Marks the locks of the task's robust list that it still holds as left by a dead owner, and wakes one waiter of each. May let the lock
/// go.
void release_robust_list(Task& task);

}  // namespace pith::personality
