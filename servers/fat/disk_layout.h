// What lies on a FAT volume. [Microsoft FAT32 File System Specification 1.03]
#pragma once
#include <cstddef>

#include "base/types.h"

namespace pith::fat {

enum class Width : u32 { Fat12 = 12, Fat16 = 16, Fat32 = 32 };

/// Numbers of clusters below kFirstCluster name none.
inline constexpr u32 kFirstCluster = 2;

/// An entry of a directory.
struct DirectoryEntry {
  u8 name[11];
  u8 attributes;
  u8 case_flags;  ///< as Windows NT has them: kLowerBase, kLowerExtension
  u8 created_hundredths;
  u16 created_time, created_date, accessed_date;
  u16 first_high;
  u16 modified_time, modified_date;
  u16 first_low;
  u32 size;

  static constexpr u8 kReadOnly = 1, kHidden = 2, kSystem = 4, kLabel = 8, kDirectory = 16, kArchive = 32, kLongName = 15;
  static constexpr u8 kLowerBase = 8, kLowerExtension = 16;
  static constexpr u8 kEnd = 0, kFree = 0xe5;

  bool is_long_name() const { return (attributes & 0x3f) == kLongName; }
  bool is_directory() const { return (attributes & kDirectory) != 0; }
  bool is_label() const { return (attributes & kLabel) != 0; }
};
static_assert(sizeof(DirectoryEntry) == 32);
inline constexpr u32 kEntriesOfSector = 512 / sizeof(DirectoryEntry);

/// A piece of a long name, in front of its DirectoryEntry, the last piece first.
struct LongNameEntry {
  u8 sequence;  ///< from 1 on; kLast: the last one
  u8 units_0[10];
  u8 attributes, type, checksum;
  u8 units_1[12];
  u8 zero[2];
  u8 units_2[4];

  static constexpr u8 kLast = 0x40;
  static constexpr u32 kUnits = 13;
};
static_assert(sizeof(LongNameEntry) == 32);

/// Offsets in the first sector.
struct BootSector {
  static constexpr u32 kSectorBytes = 11, kClusterSectors = 13, kReservedSectors = 14, kTables = 16, kRootEntries = 17, kSectors16 = 19,
                       kTableSectors16 = 22, kSectors32 = 32, kTableSectors32 = 36, kFlags32 = 40, kVersion32 = 42, kRootCluster = 44,
                       kInformation = 48, kState16 = 37, kState32 = 65, kSignature = 510;
  static constexpr u8 kInUse = 1;  ///< of the state
};

/// Offsets in the sector with the number of free clusters (FAT32 only).
struct InformationSector {
  static constexpr u32 kLead = 0, kMiddle = 484, kFree = 488, kNext = 492;
  static constexpr u32 kLeadSignature = 0x41615252, kMiddleSignature = 0x61417272;
};

inline u16 get16(const std::byte* at) { return u16(u32(at[0]) | u32(at[1]) << 8); }
inline u32 get32(const std::byte* at) { return get16(at) | u32{get16(at + 2)} << 16; }
inline void put32(std::byte* at, u32 value) {
  for (u32 i = 0; i < 4; i++) at[i] = std::byte(value >> 8 * i);
}

}  // namespace pith::fat
