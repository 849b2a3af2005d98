// The tables by which an Intel I/O memory-management unit translates: a domain for each device, whose addresses are physical ones.
// [vt-d 3.4, 9]
#pragma once
#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/types.h"

namespace pith::vt_d {

/// Memory that a device may reach, in bytes; whole pages.
struct Range {
  u64 first, size;
};

/// Tables in memory that no device may reach. What is not in a domain faults, and so does every function without one.
class Tables {
 public:
  /// `memory`: whole pages, `physical` where the unit sees them. What is there stays until begin().
  Tables(std::span<std::byte> memory, u64 physical) : memory_(memory), physical_(physical) {}

  /// Empties them. The unit must not use them. `levels`: of each domain, 3 (addresses of 39 bits) or 4 (48 bits). Errors: NoMemory.
  Result<void> begin(u32 levels);
  /// Gives function `function` (device * 8 + function) of bus 0, which has none yet, a domain with exactly these ranges. Errors:
  /// BadArgument for a range that is not in whole pages or too far up, Occupied, NoMemory.
  Result<void> add_domain(u32 function, std::span<const Range> ranges);

  /// Physical address of the first table.
  u64 root() const { return physical_; }
  /// All that is in use.
  std::span<std::byte> bytes() const { return memory_.first(used_ * kPageSize); }

 private:
  static constexpr u32 kEntries = 512;
  static constexpr u64 kRead = 1, kWrite = 2, kPresent = 1;

  u64* table_at(u64 physical) const { return reinterpret_cast<u64*>(memory_.data() + (physical - physical_)); }
  /// Physical address of an empty table.
  Result<u64> take();
  Result<void> add_page(u64 top, u64 address);

  std::span<std::byte> memory_;
  u64 physical_;
  u64 used_ = 0;  // pages
  u32 levels_ = 0;
  u16 domains_ = 0;
};

}  // namespace pith::vt_d
