// Unpredictable bytes: a generator in the personality, seeded and re-seeded from the entropy service.
#pragma once
#include <span>

#include "base/types.h"

namespace pith::personality {

/// Mixes bytes of the entropy service into the generator. Called without the lock at start and now and then.
void seed_random();
/// Fills `bytes`. The lock is held.
void fill_random(std::span<u8> bytes);
u64 random_word();

}  // namespace pith::personality
