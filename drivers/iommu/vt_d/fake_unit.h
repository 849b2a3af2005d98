// An I/O memory-management unit in memory for tests: it walks the tables as a real one does.
#pragma once
#include <deque>
#include <vector>

#include "drivers/iommu/vt_d/tables.h"
#include "drivers/iommu/vt_d/unit.h"

namespace pith::vt_d {

class FakeUnit final : public Registers {
 public:
  static constexpr u32 kFaultRecords = 0x220, kInvalidation = 0xf0;

  u64 capabilities = u64{kFaultRecords / 16} << 24 | 1 << 9 | 1 << 4, more = (kInvalidation / 16) << 8;
  u64 root = 0, latched = 0;
  bool is_on = false, is_stuck = false;
  std::vector<u32> order;  ///< what was commanded: bits of the command register, 1 for contexts and 2 for translations forgotten
  std::deque<Fault> faults;
  bool has_lost = false;
  std::byte* memory = nullptr;  ///< where the tables are, `physical` for the unit
  u64 physical = 0;

  u32 read32(u32 offset) override {
    if (offset == 0x1c) return (is_on ? u32{1} << 31 : 0) | (latched != 0 && !is_stuck ? u32{1} << 30 : 0);
    if (offset == 0x34) return (has_lost ? 1 : 0) | (faults.empty() ? 0 : 2);
    return 0;
  }
  u64 read64(u32 offset) override {
    switch (offset) {
      case 0x08:
        return capabilities;
      case 0x10:
        return more;
      case 0x20:
        return root;
      case 0x28:
      case kInvalidation + 8:
        return is_stuck ? u64{1} << 63 : 0;
      case kFaultRecords:
        return faults.empty() ? 0 : faults[0].address | 0xabc;
      case kFaultRecords + 8:
        if (faults.empty()) return 0;
        return u64{1} << 63 | u64{faults[0].access == Access::Read} << 62 | u64{faults[0].reason} << 32 | faults[0].function;
      default:
        return 0;
    }
  }
  void write32(u32 offset, u32 value) override {
    if (offset == 0x18) {
      u32 once = value & 0x6900'0000;
      order.push_back(once != 0 ? once : value);
      if ((value >> 30 & 1) != 0) latched = root;
      is_on = value >> 31;
    }
    if (offset == kFaultRecords + 12 && value >> 31 != 0 && !faults.empty()) faults.pop_front();
    if (offset == 0x34 && (value & 1) != 0) has_lost = false;
  }
  void write64(u32 offset, u64 value) override {
    if (offset == 0x20) root = value;
    if (offset == 0x28) order.push_back(1);
    if (offset == kInvalidation + 8) order.push_back(2);
  }

  /// Whether function `function` of `bus` may read and write the byte at `address`.
  bool lets(u32 bus, u32 function, u64 address) const {
    u64 entry = word(latched + 16 * bus);
    if ((entry & 1) == 0) return false;
    u64 context = (entry & ~u64{0xfff}) + 16 * function, table = word(context), width = word(context + 8) & 7;
    if ((table & 1) == 0 || (table >> 2 & 3) != 0 || (word(context + 8) >> 8 & 0xffff) == 0) return false;
    u64 levels = width + 2;
    if (address >> (12 + 9 * levels) != 0) return false;
    table &= ~u64{0xfff};
    for (u64 level = levels; level-- > 0;) {
      u64 next = word(table + 8 * (address >> (12 + 9 * level) & 511));
      if ((next & 3) != 3) return false;
      table = next & ~u64{0xfff};
    }
    return table == (address & ~u64{0xfff});
  }
  u64 domain(u32 function) const { return word((word(latched) & ~u64{0xfff}) + 16 * function + 8) >> 8 & 0xffff; }

 private:
  u64 word(u64 address) const { return *reinterpret_cast<const u64*>(memory + (address - physical)); }
};

}  // namespace pith::vt_d
