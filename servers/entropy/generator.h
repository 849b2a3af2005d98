// A random generator after the sponge construction: what goes in is absorbed, what comes out is squeezed, and the past cannot be computed
// back.
#pragma once
#include <cstddef>
#include <span>

#include "base/types.h"

namespace pith::entropy {

/// The permutation Keccak-f[1600]. [fips/202 3.3]
void permute(u64 (&state)[25]);

/// SHA3-256, by which the permutation is tested. [fips/202 6.1]
void sha3_256(std::span<const std::byte> data, std::span<std::byte, 32> digest);

/// A duplex sponge with 64 bytes of hidden state.
class Generator {
 public:
  /// Mixes `data` into the state.
  void absorb(std::span<const std::byte> data);
  /// Fills `data`, then forgets what it could be computed from.
  void squeeze(std::span<std::byte> data);

 private:
  static constexpr usize kRate = 136;

  void forget();

  u64 state_[25] = {};
};

}  // namespace pith::entropy
