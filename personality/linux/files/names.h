// Adding and removing names, with the checks that all calls share.
#pragma once
#include "personality/linux/files/path.h"

namespace pith::personality {

/// Makes a node with the name of `place`, where nothing is; its owner is the caller. `mode`: type and permissions. May let the lock go.
Result<Reference<Inode>> create_name(Task& task, const Place& place, u32 mode, u64 device = 0, std::string_view target = {});
/// Gives what is at `from` the name of `to`; `flags`: RenameFlag. May let the lock go.
Result<u64> rename_place(Task& task, const Place& from, const Place& to, u32 flags);

}  // namespace pith::personality
