// One kernel operation and the store that makes its effect final, as a sequence that a successor completes: what leaves a component, or
// comes in by a destructive read, is then neither lost nor done twice, wherever the component is killed.
#pragma once
#include "lib/ipc/ipc.h"

namespace pith {

/// A word of the vault and what it becomes.
struct Commit {
  u64* address = nullptr;  ///< null: nothing to store
  u64 value = 0;
};

/// Enters the kernel with `handle` and `words` (which hold the answer afterwards); then stores the low byte of answer word 0 to `byte`,
/// unless that is null, and `commit.value` to `commit.address`. Whoever dies after the kernel has done its part and before the stores is
/// completed by complete_interrupted_commit() of the next instance. The operation must not block.
Status invoke_and_commit(u64 handle, Words& words, Commit commit, std::byte* byte = nullptr);

/// Called at start, before the vault is looked at: does the stores that the instance before this one did not get to.
void complete_interrupted_commit();

}  // namespace pith
