// The memory of libext2fs: what it keeps lies in the vault, all else is gone with the event.
#pragma once
#include "base/types.h"
#include "servers/ext4/state.h"

namespace pith::ext4 {

/// While one lives, what the library allocates is kept in the vault. Nothing of that is ever given back, but by forgetting all.
class KeptMemory {
 public:
  explicit KeptMemory(State& state);
  KeptMemory(const KeptMemory&) = delete;
  ~KeptMemory();
};

/// Takes back what was allocated in events before.
void forget_scratch();

}  // namespace pith::ext4
