// Root table, context table of bus 0, and page tables of 4 KiB pages. [vt-d 3.4, 9.1, 9.3, 9.8]
#include "drivers/iommu/vt_d/tables.h"

#include <cstring>

#include "abi/error.h"

namespace pith::vt_d {

Result<u64> Tables::take() {
  if ((used_ + 1) * kPageSize > memory_.size()) return Error::NoMemory;
  u64 physical = physical_ + used_++ * kPageSize;
  memset(table_at(physical), 0, kPageSize);
  return physical;
}

Result<void> Tables::begin(u32 levels) {
  used_ = domains_ = 0;
  levels_ = levels;
  u64 root = TRY(take()), context = TRY(take());
  table_at(root)[0] = context | kPresent;  // bus 0; those of other buses are not present
  return {};
}

Result<void> Tables::add_domain(u32 function, std::span<const Range> ranges) {
  if (function >= 256) return Error::BadArgument;
  u64* entry = table_at(physical_ + kPageSize) + 2 * function;
  if (entry[0] != 0) return Error::Occupied;
  u64 top = TRY(take());
  u64 end = u64{1} << (12 + 9 * levels_);
  for (const Range& range : ranges) {
    if (range.first % kPageSize != 0 || range.size % kPageSize != 0 || range.first > end || range.size > end - range.first)
      return Error::BadArgument;
    for (u64 done = 0; done < range.size; done += kPageSize) TRY(add_page(top, range.first + done));
  }
  entry[1] = u64{++domains_} << 8 | (levels_ - 2);  // 0 is kept for tables that are not valid
  entry[0] = top | kPresent;
  return {};
}

Result<void> Tables::add_page(u64 top, u64 address) {
  u64* table = table_at(top);
  for (u32 level = levels_ - 1; level > 0; level--) {
    u64& entry = table[address >> (12 + 9 * level) & (kEntries - 1)];
    if (entry == 0) entry = TRY(take()) | kRead | kWrite;
    table = table_at(entry & ~(kPageSize - 1));
  }
  table[address >> 12 & (kEntries - 1)] = address | kRead | kWrite;
  return {};
}

}  // namespace pith::vt_d
