// When lwIP's copies need no log: as long as an event has freed nothing, all that it allocates was free before it, and may become garbage.
#pragma once
#include "servers/network/memory.h"

namespace pith::network {

/// As long as this lives lwIP's MEMCPY does not log what it writes to the vault. Only around calls that copy into what the event has itself
/// allocated, before it has given back anything that existed when it began.
class UnloggedCopies {
 public:
  UnloggedCopies();
  UnloggedCopies(const UnloggedCopies&) = delete;
  UnloggedCopies& operator=(const UnloggedCopies&) = delete;
  ~UnloggedCopies();
};

/// At the beginning of an event: the one before may have been left by a jump.
void end_unlogged_copies();

/// Where this instance's lwIP allocates.
void use_memory(Memory& memory);

}  // namespace pith::network
