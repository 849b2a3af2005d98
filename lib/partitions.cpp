// Reads partition tables, and believes nothing of them that is not checked.
#include "lib/partitions.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "abi/error.h"

namespace pith::partitions {

namespace {

using Sector = std::array<std::byte, kSectorBytes>;

constexpr u32 kMbrEntries = 446, kMbrSignature = 510;
constexpr u8 kProtective = 0xee;
constexpr u32 kMostLogical = 128;
constexpr u32 kMostEntryBytes = 4096, kMostEntries = 1024;

template <class T>
T load(std::span<const std::byte> bytes, usize offset) {
  T value;
  memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// CRC-32 as in Ethernet. [UEFI 2.10, 5.3.2]
u32 crc32(std::span<const std::byte> bytes, u32 rest = ~u32{0}) {
  for (std::byte byte : bytes) {
    rest ^= u32(byte);
    for (u32 bit = 0; bit < 8; bit++) rest = rest >> 1 ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return rest;
}

struct MbrEntry {
  u8 type;
  u32 first, count;
};

MbrEntry mbr_entry(const Sector& sector, u32 index) {
  usize offset = kMbrEntries + 16 * index;
  return {load<u8>(sector, offset + 4), load<u32>(sector, offset + 8), load<u32>(sector, offset + 12)};
}

bool is_extended(u8 type) { return type == 0x05 || type == 0x0f || type == 0x85; }

Result<Range> checked(Sectors& disk, u64 first, u64 count) {
  if (count == 0 || first == 0 || first >= disk.count() || count > disk.count() - first) return Error::Damaged;
  return Range{first, count};
}

/// Those in the chain of an extended partition, numbered from 5 on.
Result<Range> find_logical(Sectors& disk, MbrEntry extended, u32 number) {
  u64 table = extended.first;
  for (u32 index = 5; index < 5 + kMostLogical; index++) {
    TRY(checked(disk, table, 1));
    Sector sector;
    TRY(disk.read(table, sector));
    if (load<u16>(sector, kMbrSignature) != 0xaa55) return Error::Damaged;
    MbrEntry entry = mbr_entry(sector, 0), next = mbr_entry(sector, 1);
    if (index == number) return entry.type == 0 ? Result<Range>(Error::NotFound) : checked(disk, table + entry.first, entry.count);
    if (!is_extended(next.type)) return Error::NotFound;
    table = u64{extended.first} + next.first;
  }
  return Error::Damaged;
}

Result<Range> find_in_gpt(Sectors& disk, u32 number, u64 header_place) {
  Sector header;
  TRY(disk.read(header_place, header));
  if (memcmp(header.data(), "EFI PART", 8) != 0) return Error::Damaged;
  u32 size = load<u32>(header, 12), stored = load<u32>(header, 16);
  if (size < 92 || size > kSectorBytes) return Error::Damaged;
  memset(header.data() + 16, 0, 4);
  if (~crc32(std::span(header).first(size)) != stored) return Error::Damaged;
  u64 table = load<u64>(header, 72);
  u32 entries = load<u32>(header, 80), entry_size = load<u32>(header, 84), table_sum = load<u32>(header, 88);
  if (load<u64>(header, 24) != header_place || entry_size < 128 || entry_size > kMostEntryBytes || (entry_size & (entry_size - 1)) != 0 ||
      entries > kMostEntries)
    return Error::Damaged;
  if (number > entries) return Error::NotFound;
  u64 bytes = u64{entries} * entry_size;
  TRY(checked(disk, table, (bytes + kSectorBytes - 1) / kSectorBytes));
  u64 place = u64{number - 1} * entry_size;
  Sector sector, found = {};
  u32 sum = ~u32{0};
  for (u64 done = 0; done < bytes; done += kSectorBytes) {
    TRY(disk.read(table + done / kSectorBytes, sector));
    sum = crc32(std::span(sector).first(std::min<u64>(kSectorBytes, bytes - done)), sum);
    if (place / kSectorBytes == done / kSectorBytes) found = sector;
  }
  if (~sum != table_sum) return Error::Damaged;
  std::span<const std::byte> entry = std::span(found).subspan(place % kSectorBytes, 128);
  if (std::all_of(entry.begin(), entry.begin() + 16, [](std::byte byte) { return byte == std::byte{0}; })) return Error::NotFound;
  u64 first = load<u64>(entry, 32), last = load<u64>(entry, 40);
  if (last < first) return Error::Damaged;
  return checked(disk, first, last - first + 1);
}

}  // namespace

Result<Range> find(Sectors& disk, u32 number) {
  if (number == 0 || disk.count() < 2) return Error::NotFound;
  Sector sector;
  TRY(disk.read(0, sector));
  if (load<u16>(sector, kMbrSignature) != 0xaa55) return Error::NotFound;
  for (u32 i = 0; i < 4; i++) {
    if (mbr_entry(sector, i).type != kProtective) continue;
    Result<Range> range = find_in_gpt(disk, number, 1);
    if (!range && range.error() == Error::Damaged) return find_in_gpt(disk, number, disk.count() - 1);  // the copy at the end
    return range;
  }
  if (number <= 4) {
    MbrEntry entry = mbr_entry(sector, number - 1);
    if (entry.type == 0 || is_extended(entry.type)) return Error::NotFound;
    return checked(disk, entry.first, entry.count);
  }
  for (u32 i = 0; i < 4; i++) {
    if (is_extended(mbr_entry(sector, i).type)) return find_logical(disk, mbr_entry(sector, i), number);
  }
  return Error::NotFound;
}

}  // namespace pith::partitions
