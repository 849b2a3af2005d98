// What the kernel tells the root component at start: one page, mapped read-only, its address in the first argument register.
#pragma once
#include "abi/types.h"

namespace pith {

/// A run of frames.
struct FrameRange {
  u32 first, count;
};

/// Slots of root's first capabilities.
struct RootSlot {
  static constexpr CapabilitySlot Region{1}, AddressSpace{2}, CapabilitySpace{3}, Thread{4}, SchedulingContext{5}, Platform{6};
  static constexpr CapabilitySlot FirstFree{8};
};

struct BootInformation {
  static constexpr u64 kMagic = 0x544f4f4248544950;  // "PITHBOOT"
  static constexpr u32 kRanges = 64;

  u64 magic;
  u64 image_address;        ///< where the boot image is mapped read-only in root's space
  u64 image_size;           ///< bytes
  u32 image_first_frame;    ///< its frames: Data, owned by root's region
  u32 cpus;
  u64 counter_frequency;    ///< of the time-stamp counter, Hz
  u64 counter_multiplier;   ///< nanoseconds = counter * multiplier >> 32, since `counter_start`
  u64 counter_start;        ///< counter value at boot
  u64 acpi_root;            ///< physical address of the RSDP, 0 if none
  u64 wall_clock;           ///< seconds since 1970 at boot, 0 if unknown
  u32 range_count;
  u32 scratch_frame;        ///< Data frame of zeroes for AddressSpace::create, owned by root's region
  FrameRange untyped[kRanges];  ///< untyped frames owned by root's region
  u64 seed[4];              ///< from the machine's random source where it has one, else 0
  char command_line[1024];
};
static_assert(sizeof(BootInformation) <= kPageSize);

/// Fixed places in root's address space.
inline constexpr u64 kRootBootInformation = 0x0000'000f'0000'0000;
inline constexpr u64 kRootImage = 0x0000'0050'0000'0000;
inline constexpr u64 kRootStackTop = 0x0000'0020'0000'0000;
inline constexpr u64 kRootStackPages = 16;
inline constexpr u64 kRootMessageBuffer = 0x0000'0020'0000'1000;

}  // namespace pith
