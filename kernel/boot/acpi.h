// What ACPI's tables say of the machine: processors, interrupt controllers, timer [acpi 6.5, 5.2].
#pragma once
#include "base/types.h"

namespace pith {

/// Physical memory from address 0 on as boot code sees it.
struct FirmwareMemory {
  const u8* base;
  u64 size;
};

/// Invariant: counts are within their arrays, identifiers of processors differ from each other, addresses are of whole pages below 4 GiB.
struct AcpiFacts {
  static constexpr u32 kProcessors = 64, kOverrides = 16, kProblems = 16;

  /// An interrupt of the old controllers that comes in at a line of another number, or in another manner.
  struct Override {
    u32 source, line;
    bool is_active_low, is_level;
  };

  u32 processors[kProcessors];  ///< local interrupt controllers' identifiers, of processors that can be used
  u32 processor_count;
  Override overrides[kOverrides];
  u32 override_count;
  u64 local_controller;         ///< physical address, 0: not said
  u64 io_controller;            ///< the one whose first line is 0; 0: not said
  u64 timer;                    ///< HPET, 0: not said
  const char* problems[kProblems];  ///< what is wrong with the tables, one sentence each
  u32 problem_count;
};

/// Reads the tables behind the root pointer at `root`, or, when there is none, behind the one in the BIOS's area. Never reads outside `memory`;
/// what is damaged or contradicts itself is left out, with a problem noted.
void read_acpi(const FirmwareMemory& memory, u64 root, AcpiFacts& facts);

}  // namespace pith
