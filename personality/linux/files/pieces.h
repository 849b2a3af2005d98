// The pieces of memory that a program gives for one transfer (struct iovec), checked.
#pragma once
#include <vector>

#include "personality/linux/memory/user_copy.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

/// The most that one transfer moves, as on Linux.
inline constexpr u64 kMostBytes = 0x7ffff000;

class Pieces {
 public:
  /// Invalid: too many, or a crooked one.
  Result<void> copy(Task& task, GuestAddress address, u64 count) {
    if (count > Transfer::kMostPieces) return LinuxError::Invalid;
    pieces_.resize(count);
    TRY(copy_from_guest(task.memory(), pieces_.data(), address, count * sizeof(IoVector)));
    u64 total = 0;
    for (IoVector& piece : pieces_) {
      if (i64(piece.length) < 0) return LinuxError::Invalid;
      if (piece.length > kMostBytes - total) piece.length = kMostBytes - total;
      total += piece.length;
    }
    return {};
  }
  /// This object outlives it.
  Transfer transfer(Task& task) const { return Transfer(task.memory(), pieces_.data(), u32(pieces_.size())); }

 private:
  std::vector<IoVector> pieces_;
};

}  // namespace pith::personality
