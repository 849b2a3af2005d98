// The C library's copies, which are not logged themselves: the compiler's pass logs what their callers have them write.
#include "lib/vault/bulk.h"

#include <cstring>

namespace pith::vault {

[[gnu::section(".text.unlogged"), gnu::noinline]] void store_unlogged(void* place, std::span<const std::byte> data) {
  memcpy(place, data.data(), data.size());
}

[[gnu::section(".text.unlogged"), gnu::noinline]] void clear_unlogged(void* place, usize size) { memset(place, 0, size); }

}  // namespace pith::vault
