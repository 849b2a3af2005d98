// Adding and removing names, with the checks that all calls share.
#pragma once
#include "personality/linux/files/path.h"

namespace pith::personality {

/// Gives `inode` (new, owned by the caller from now on) the name of `place`, where nothing is.
Result<void> add_name(Task& task, const Place& place, Reference<Inode> inode);

}  // namespace pith::personality
