// The boot image: what the packing tool writes and the kernel (component 0 only) and root read. All offsets are bytes from the image's start.
#pragma once
#include "base/types.h"

namespace pith::image {

inline constexpr u64 kMagic = 0x31474d4948544950;  // "PITHIMG1"
inline constexpr u32 kVersion = 3;

/// The image begins with it. The checksum covers everything behind its own field, as 64-bit words: sum = (rotate_left(sum, 5) ^ word) * kMultiplier.
struct Header {
  u64 magic;
  u32 version;
  u32 component_count;
  u64 size;               ///< whole image, a multiple of 4096
  u64 checksum;
  u64 components_offset;  ///< Component[component_count]; component 0 is root
  u64 modules_offset;     ///< Module[module_count]
  u32 module_count;
  u16 group_count;        ///< Group[group_count] lies behind the modules; at least 1
  u16 version_count;      ///< Version[version_count] lies behind the groups
  u64 memory_count;       ///< SharedMemory[memory_count] lies behind the versions
  char system[24];        ///< name of the system
};
inline constexpr u64 kMultiplier = 0x9e3779b97f4a7c15;

/// One loadable piece of a program. File contents begin on a page boundary of the image and are padded with zeroes.
struct Segment {
  u64 address;        ///< virtual, page aligned
  u64 offset;         ///< of its first page in the image
  u32 file_pages;     ///< pages taken from the image
  u32 memory_pages;   ///< pages in memory; the rest is zero
  u32 access;         ///< pith::Access
  u32 reserved;
};

enum class GrantKind : u32 {
  Service = 1,      ///< endpoint of component `target`'s service, badge = 1 + index of the holder, Call right
  Interrupt = 2,    ///< line `first`
  IoPorts = 3,      ///< `first`, `count`
  DeviceMemory = 4, ///< physical address `first`, `count` pages
  Region = 5,       ///< the component's own instance region (Use) and address space (Map), capability space (Modify): it manages its own memory and threads
  RootControl = 6,  ///< root's control endpoint: stop, start, status of components
  FaultHandler = 7, ///< it receives the faults of every other component
  Platform = 8,     ///< power-off and diagnostics through root
  Placement = 9,    ///< which CPU each component's time is on, through root
  FaultInjection = 10, ///< hurts the instances of components, through root: for tests only
  Bus = 11,         ///< tells root which device memory the drivers get, and how interrupt messages are sent
  Pci = 12,         ///< the device `first` = vendor << 16 | device, of those the one number `count`; one interrupt message
  Doorbell = 13,    ///< signals component `target`'s notification with the holder's bit (lib/shared_memory.h)
};

/// One authority of a component.
struct Grant {
  GrantKind kind;
  u32 target;       ///< component index for Service
  u64 first;
  u64 count;
  char name[24];    ///< how the component's start information names it
};

/// Never: it is stopped when it fails, and its group does not care.
enum class Restart : u16 { Never = 0, Always = 1 };

/// Who begins anew when one child of a group has failed: that one, all of them, or that one and those behind it.
enum class Strategy : u32 { One = 0, All = 1, Rest = 2 };

inline constexpr u32 kMostGroups = 17;
inline constexpr u32 kMostRestarts = 100;

/// Components that fail together. Group 0 is the outermost; its failure ends the machine.
struct Group {
  char name[24];
  Strategy strategy;
  u32 parent;    ///< a group with a smaller number; 0 for group 0
  u32 restarts;  ///< at most so many (1…kMostRestarts) in each `period`, or the group has failed
  u32 reserved;
  u64 period;    ///< nanoseconds
};

inline constexpr u32 kComponentSegments = 8;
inline constexpr u32 kComponentGrants = 24;

inline constexpr u32 kAnyCpu = ~u32{0};
inline constexpr u64 kWholeShare = 65536;

struct Component {
  char name[24];
  u64 entry;
  u64 heap_pages;        ///< mapped at start
  u64 stack_pages;
  u64 vault_pages;       ///< kept across restarts
  u64 undo_log_pages;    ///< of the vault's undo log (abi/vault.h); 0: the vault is never rolled back
  u64 pool_frames;       ///< untyped frames in its own region, for those with GrantKind::Region
  u32 priority;          ///< 0…63
  u32 priority_ceiling;  ///< highest priority its own threads may get
  u64 budget, period;    ///< nanoseconds
  u32 time_share;        ///< of all its threads together, in 1/65536 of a CPU; 0: no limit
  u32 cpu;               ///< where its threads run, taken modulo the CPUs that there are; kAnyCpu: wherever placement puts its time
  Restart restart;
  u16 heartbeat;         ///< milliseconds in which it comes back to its loop, or it is taken to hang (lib/heartbeat.h); 0: it is not watched. Root's: the hardware's watchdog
  u32 group;             ///< of the supervision tree
  u32 provides;          ///< 1: it has a service endpoint
  u32 segment_count;
  u32 grant_count;
  u32 module;            ///< index + 1 of the module mapped for it (kModuleAddress), 0: none
  Segment segments[kComponentSegments];
  Grant grants[kComponentGrants];
  char arguments[256];   ///< from the manifest, zero-terminated
};

/// What a program has in its vault: hash of the type's description (tools/layout) and number of its layout. Hash 0: nothing that is known.
struct VaultType {
  u64 hash;
  u64 layout;
  friend constexpr bool operator==(const VaultType&, const VaultType&) = default;
};

/// A program of a component that can be updated. Each such component has two, one behind the other: the one that it begins with, which its
/// Component has as well, and the one that it may be updated to.
struct Version {
  u32 component;
  u32 segment_count;
  u64 entry;
  VaultType keeps;
  VaultType migrates;    ///< what it can make its own state of
  Segment segments[kComponentSegments];
};
inline constexpr u32 kVersions = 2;

/// Memory of a component's service that others see as well, all at kSharedMemory + its number * kMostSharedPages pages. Its frames lie in a row.
struct SharedMemory {
  char name[24];
  u32 pages;
  u32 owner;
  u64 parties;  ///< bit N: component N, the owner among them
};
inline constexpr u32 kMostSharedMemories = 32;
inline constexpr u32 kMostSharedPages = 16384;

/// A file of bytes for a component, page aligned; also symbols for crash records.
struct Module {
  char name[24];
  u64 offset;
  u64 size;
};

}  // namespace pith::image
