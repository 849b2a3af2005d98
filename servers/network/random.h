// Numbers that strangers cannot guess, from a key: SipHash-2-4. [aumasson/siphash 2]
#pragma once
#include <span>

#include "base/types.h"

namespace pith::network {

/// Of whole words. Whoever does not know `key` can neither guess it nor tell it from chance.
u64 keyed_hash(const u64 (&key)[2], std::span<const u64> words);

}  // namespace pith::network
