// Where PCI's configuration space and the I/O memory-management unit are, from ACPI's tables. [acpi 6.5, 5.2; pcifw 3.2; vt-d 3.4, 8]
#pragma once
#include <bitset>
#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/types.h"

namespace pith::bus {

/// Shows physical memory.
class PhysicalMemory {
 public:
  /// `size` bytes from `address` on, at most a page. Empty: they cannot be shown.
  virtual std::span<std::byte> show(u64 address, u64 size) = 0;

 protected:
  ~PhysicalMemory() = default;
};

inline constexpr u32 kFunctions = 256;  ///< of a bus: device * 8 + function

/// An I/O memory-management unit.
struct RemappingUnit {
  u64 registers = 0;                  ///< physical address; 0: there is none
  std::bitset<kFunctions> functions;  ///< those of bus 0 that are behind it
};

struct Machine {
  u64 configuration;   ///< physical address of the configuration space of bus 0
  RemappingUnit unit;  ///< the one for all functions that have none of their own; where there is no such, the first
};

/// Reads the tables behind the root pointer at `root`. Errors: NotFound without a table of configuration spaces, Damaged.
Result<Machine> find_machine(PhysicalMemory& memory, u64 root);

}  // namespace pith::bus
