// Where the parts of a disk lie: tables of the GPT and the MBR kind.
#pragma once
#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/types.h"

namespace pith::partitions {

inline constexpr u32 kSectorBytes = 512;

/// A part of a disk, in sectors.
struct Range {
  u64 first, count;
};

/// What a table is read from. Errors of read() are handed on.
class Sectors {
 public:
  virtual u64 count() = 0;
  /// `sector` is below count().
  virtual Result<void> read(u64 sector, std::span<std::byte, kSectorBytes> to) = 0;

 protected:
  ~Sectors() = default;
};

/// Partition `number` from 1 on: with a GPT the entry of that number, with an MBR 1 to 4 are the primary ones and 5 and more those in an
/// extended one. Errors: NotFound when there is no table or no such partition; Damaged when the table contradicts itself or the disk.
Result<Range> find(Sectors& disk, u32 number);

}  // namespace pith::partitions
