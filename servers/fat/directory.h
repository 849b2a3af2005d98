// How a directory is gone through: its entries, and the names that they make.
#pragma once
#include <cstring>

#include "servers/fat/volume.h"

namespace pith::fat {

/// `visit(entry, position, index, is_removed)` of each entry from number `from` on, up to the first for which it answers false. A chain
/// that does not end is followed as far as a directory may reach.
template <class F>
void Volume::for_each_entry(u32 directory, u32 from, F&& visit) {
  const Geometry& where = state_.geometry;
  u32 index = 0;
  auto go_through = [&](u64 first, u64 count) {
    for (u64 sector = first; sector < first + count; sector++) {
      if (index >= kMostEntries) return false;
      if (index + kEntriesOfSector <= from) {
        index += kEntriesOfSector;
        continue;
      }
      const Frame& frame = need(sector);
      const auto* entries = reinterpret_cast<const DirectoryEntry*>(bytes_of(frame));
      for (u32 i = 0; i < kEntriesOfSector; i++, index++) {
        bool is_removed = (frame.removed_later >> i & 1) != 0;
        if (index >= from && !visit(entries[i], sector * kEntriesOfSector + i, index, is_removed)) return false;
      }
    }
    return true;
  };
  u32 cluster = directory != 0 ? directory : where.root_cluster;
  if (cluster == 0) {
    (void)go_through(where.root_start, where.root_sectors);
    return;
  }
  while (where.is_cluster(cluster) && go_through(where.sector_of(cluster), where.cluster_sectors)) cluster = entry(cluster);
}

/// `visit(item)` of each name from entry number `from` on, up to the first for which it answers false.
template <class F>
void Volume::scan(u32 directory, u32 from, F&& visit) {
  Item item;
  u32 expected = 0;
  u8 checksum = 0;
  item.count = 0;
  for_each_entry(directory, from, [&](const DirectoryEntry& entry, u64 position, u32 index, bool is_removed) {
    if (entry.name[0] == DirectoryEntry::kEnd) return false;
    if (entry.name[0] == DirectoryEntry::kFree || is_removed) {
      item.count = 0;
      return true;
    }
    if (entry.is_long_name()) {
      LongNameEntry piece;
      memcpy(&piece, &entry, sizeof piece);
      u32 sequence = piece.sequence & 0x3f;
      if ((piece.sequence & LongNameEntry::kLast) != 0 && sequence != 0 && sequence <= 20) {
        item.count = 0;
        item.index = index;
        item.long_name.length = sequence * LongNameEntry::kUnits;
        expected = sequence;
        checksum = piece.checksum;
      } else if (item.count == 0 || sequence != expected || sequence == 0 || piece.checksum != checksum) {
        item.count = 0;
        return true;
      }
      item.positions[item.count++] = position;
      u16* units = item.long_name.units + --expected * LongNameEntry::kUnits;
      for (u32 i = 0; i < LongNameEntry::kUnits; i++) {
        const u8* at = i < 5 ? piece.units_0 + 2 * i : i < 11 ? piece.units_1 + 2 * (i - 5) : piece.units_2 + 2 * (i - 11);
        units[i] = u16(at[0] | at[1] << 8);
      }
      return true;
    }
    bool is_name = !entry.is_label() && entry.name[0] != '.';
    item.has_long_name = item.count != 0 && expected == 0 && checksum == checksum_of(entry.name);
    if (item.has_long_name) {
      u32 length = 0;
      while (length < item.long_name.length && item.long_name.units[length] != 0) length++;
      item.long_name.length = length;
      item.has_long_name = length != 0 && length <= Name::kMost;
    }
    if (!item.has_long_name) {
      item.count = 0;
      item.index = index;
    }
    item.positions[item.count++] = position;
    item.entry = entry;
    item.next = index + 1;
    bool goes_on = !is_name || visit(static_cast<const Item&>(item));
    item.count = 0;
    return goes_on;
  });
}

}  // namespace pith::fat
