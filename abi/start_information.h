// What a component finds at start: one page, mapped read-only at kStartInformation.
#pragma once
#include "abi/boot_image.h"
#include "abi/boot_information.h"
#include "abi/types.h"

namespace pith {

/// Fixed places in every component's address space.
inline constexpr u64 kProgramAddress = 0x0000'0000'0040'0000;
inline constexpr u64 kStartInformation = 0x0000'000f'0000'0000;
inline constexpr u64 kHeapAddress = 0x0000'0010'0000'0000;
inline constexpr u64 kStackTop = 0x0000'0020'0000'0000;       ///< first thread's stack ends here; a guard page lies below it
inline constexpr u64 kMessageBuffer = 0x0000'0020'0000'1000;  ///< first thread's
inline constexpr u64 kShareWindow = 0x0000'0030'0000'0000;    ///< 512 shares of 2 MiB
inline constexpr u64 kVaultAddress = 0x0000'0040'0000'0000;
inline constexpr u64 kModuleAddress = 0x0000'0050'0000'0000;
inline constexpr u64 kPoolAddress = 0x0000'0060'0000'0000;    ///< where a component with a pool maps its own frames

inline constexpr u64 kSharedMemory = 0x0000'0070'0000'0000;   ///< image::SharedMemory number N at N * kMostSharedPages pages

/// Memory that a component shares with others.
struct NamedMemory {
  char name[24];  ///< as in the manifest
  u32 number;
  u32 pages;
  u64 physical;   ///< address of its first byte for devices
};

/// A capability that a component starts with.
struct NamedSlot {
  char name[24];  ///< as in the manifest: a service's name, "interrupt", "ports", …
  u32 slot;
  u32 kind;       ///< image::GrantKind
};

/// Fixed slots of every component.
struct ComponentSlot {
  static constexpr CapabilitySlot Service{1};            ///< its endpoint (Receive), if it provides a service
  static constexpr CapabilitySlot Thread{2};             ///< its first thread (Interrupt, and Control with GrantKind::Region)
  static constexpr CapabilitySlot Notification{3};       ///< bound to its first thread
  static constexpr CapabilitySlot Region{4};             ///< with GrantKind::Region only
  static constexpr CapabilitySlot AddressSpace{5};       ///< with GrantKind::Region only
  static constexpr CapabilitySlot CapabilitySpace{6};    ///< with GrantKind::Region only
  static constexpr CapabilitySlot Log{7};                ///< the log service, if granted under that name
  static constexpr CapabilitySlot FirstGrant{8};
  static constexpr CapabilitySlot Window{64};            ///< four slots for received capabilities
  static constexpr CapabilitySlot FirstDynamic{256};     ///< tables 1… are the component's own with GrantKind::Region
};

struct StartInformation {
  static constexpr u64 kMagic = 0x5452415453544950;  // "PITSTART"
  static constexpr u32 kSlots = 32;
  static constexpr u32 kRanges = 64;
  static constexpr u32 kMemories = 8;

  u64 magic;
  char name[24];
  u32 index;               ///< of the component in the image
  u32 instance;            ///< counts restarts from 0
  u64 heap_size, vault_size, undo_log_size, module_size;
  u64 counter_multiplier, counter_start, counter_frequency;  ///< as in BootInformation
  u64 wall_clock;          ///< seconds since 1970 at boot
  u64 seed[4];
  u32 slot_count;
  u32 pool_count;
  u32 priority_ceiling;
  u32 cpu;                 ///< where threads that it makes run
  u32 time_share;          ///< of all of those together, in 1/65536 of a CPU; 0: no limit
  u32 reserved;
  NamedSlot slots[kSlots];
  u64 acpi_root;           ///< physical address of ACPI's root pointer, for the bus; 0: none
  u64 memory_count;
  NamedMemory memories[kMemories];
  FrameRange pool[kRanges];
  char arguments[512];
  char command_line[1024];
};
static_assert(sizeof(StartInformation) <= kPageSize);

}  // namespace pith
