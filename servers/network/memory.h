// Memory for what lwIP allocates by size, TCP segments above all: pieces of a few sizes, each given and taken back in the same few steps.
#pragma once
#include "base/types.h"

namespace pith::network {

inline constexpr u32 kPieceSizes = 4;
inline constexpr u32 kPieceSize[kPieceSizes] = {192, 704, 1664, 66 * 1024};
inline constexpr u32 kPieceCount[kPieceSizes] = {1536, 192, 1536, 2};
/// Where pieces of a size begin.
constexpr u64 piece_offset(u32 size) {
  u64 sum = 0;
  for (u32 i = 0; i < size; i++) sum += u64{kPieceSize[i]} * kPieceCount[i];
  return sum;
}

/// In the vault. All zero it is all free.
struct Memory {
  struct Piece {
    Piece* next;
  };

  u32 used[kPieceSizes];
  u32 fresh[kPieceSizes];  ///< so many have ever been given
  Piece* free[kPieceSizes];
  u64 refused;  ///< requests that found nothing

  alignas(64) u8 pieces[piece_offset(kPieceSizes)];

  /// Null when there is nothing left.
  void* allocate(usize size);
  void give_back(void* place);
};

}  // namespace pith::network
