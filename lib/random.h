// Random numbers for tests and back-off: seeded, the same everywhere, not for secrets.
#pragma once
#include "base/types.h"

namespace pith {

/// xorshift64*.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed * 2 + 1) {}
  u64 below(u64 bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545f4914f6cdd1d >> 16) % bound;
  }

 private:
  u64 state_;
};

}  // namespace pith
