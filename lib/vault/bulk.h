// Stores to a vault that are not logged: for memory that nothing in the vault refers to yet, such as the free part of a ring.
#pragma once
#include <cstddef>
#include <span>

#include "base/types.h"

namespace pith::vault {

/// Copies `data` to `place`. When the event is taken back the bytes stay, as garbage behind the end of what counts.
void store_unlogged(void* place, std::span<const std::byte> data);
void clear_unlogged(void* place, usize size);

}  // namespace pith::vault
