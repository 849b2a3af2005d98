// Waiting on words of memory.
#pragma once
#include "personality/linux/process/task.h"

namespace pith::personality {

/// Wakes up to `most` tasks that wait on `word`; how many.
u32 wake_futex(AddressSpace& space, GuestAddress word, u32 most);

}  // namespace pith::personality
