// Directories: entries of 32 bytes, with long names in front of those that they belong to.
#include "servers/fat/directory.h"

#include <algorithm>

namespace pith::fat {

bool Volume::find(u32 directory, const Name& name, Item& item) {
  bool is_found = false;
  scan(directory, 0, [&](const Item& each) {
    if (!each.is_called(name)) return true;
    item = each;
    is_found = true;
    return false;
  });
  return is_found;
}

bool Volume::is_empty(u32 directory) {
  bool is_empty = true;
  scan(directory, 0, [&](const Item&) { return is_empty = false; });
  return is_empty;
}

/// An entry that is going to be changed.
DirectoryEntry& Volume::entry_at(u64 position) {
  Frame& frame = need(position / kEntriesOfSector);
  std::byte* bytes = change(frame);
  frame.flags &= ~Frame::kOnlyRemovals;
  return reinterpret_cast<DirectoryEntry*>(bytes)[position % kEntriesOfSector];
}

/// Entries for a name, in one sector where they fit: then it appears in one step. Answers whether there are any.
bool Volume::find_room(u32 directory, u32 count, u64* positions) {
  u32 run = 0, skipped_count = 0;
  bool is_behind_end = false;
  u64 skipped[kEntriesOfSector];
  for_each_entry(directory, 0, [&](const DirectoryEntry& entry, u64 position, u32, bool is_removed) {
    if (count <= kEntriesOfSector && position % kEntriesOfSector == 0) {
      // Entries behind the end that are not used must not look like the end.
      for (u32 i = 0; is_behind_end && i < run; i++) skipped[skipped_count++] = positions[i];
      run = 0;
    }
    is_behind_end = is_behind_end || entry.name[0] == DirectoryEntry::kEnd;
    bool is_free = is_behind_end || (entry.name[0] == DirectoryEntry::kFree && !is_removed);
    if (!is_free) run = 0;
    if (is_free) positions[run++] = position;
    return run < count;
  });
  if (run < count) return false;
  for (u32 i = 0; i < skipped_count; i++) entry_at(skipped[i]).name[0] = DirectoryEntry::kFree;
  u64 next = positions[count - 1] + 1;
  if (is_behind_end && next % kEntriesOfSector != 0) entry_at(next).name[0] = DirectoryEntry::kEnd;
  return true;
}

/// One more cluster at its end.
void Volume::grow_directory(u32 directory) {
  u32 last = directory != 0 ? directory : state_.geometry.root_cluster;
  if (last == 0) surroundings_.give_up(Error::NoSpace);  // the root's place is fixed
  u32 most = kMostEntries / kEntriesOfSector / state_.geometry.cluster_sectors, length = 1;
  for (u32 next = entry(last); state_.geometry.is_cluster(next); next = entry(last)) {
    last = next;
    if (++length >= most) surroundings_.give_up(Error::NoSpace);
  }
  u32 cluster = take_cluster(last);
  if (cluster == 0) surroundings_.give_up(Error::NoSpace);
  set_entry(last, cluster);
  for (u32 i = 0; i < state_.geometry.cluster_sectors; i++) add_zero_frame(state_.geometry.sector_of(cluster) + i, Frame::kOfNewCluster);
}

void Volume::put_long_name(const u64* positions, u32 pieces, const Name& name, u8 checksum) {
  for (u32 piece = pieces; piece-- > 0;) {
    LongNameEntry entry{};
    entry.sequence = u8(piece + 1 | (piece + 1 == pieces ? LongNameEntry::kLast : 0));
    entry.attributes = DirectoryEntry::kLongName;
    entry.checksum = checksum;
    for (u32 i = 0; i < LongNameEntry::kUnits; i++) {
      u32 place = piece * LongNameEntry::kUnits + i;
      u16 unit = place < name.length ? name.units[place] : place == name.length ? u16(0) : u16(0xffff);
      u8* at = i < 5 ? entry.units_0 + 2 * i : i < 11 ? entry.units_1 + 2 * (i - 5) : entry.units_2 + 2 * (i - 11);
      at[0] = u8(unit);
      at[1] = u8(unit >> 8);
    }
    memcpy(static_cast<void*>(&entry_at(positions[pieces - 1 - piece])), &entry, sizeof entry);
  }
}

/// One that no other entry of the directory has.
ShortName Volume::choose_short_name(u32 directory, const Name& name) {
  if (std::optional<ShortName> whole = as_short_name(name)) return *whole;
  Aliases aliases(name);
  u64 used[Aliases::kNumbered / 64] = {};
  scan(directory, 0, [&](const Item& item) {
    if (auto number = aliases.number_of(item.entry.name)) used[*number / 64] |= u64{1} << *number % 64;
    return true;
  });
  for (u32 i = 0; i < Aliases::kNumbered; i++) {
    if ((used[i / 64] >> i % 64 & 1) == 0) return aliases.at(i);
  }
  for (u32 i = Aliases::kNumbered; i < Aliases::kMost; i++) {
    ShortName candidate = aliases.at(i);
    bool is_used = false;
    scan(directory, 0, [&](const Item& item) {
      is_used = memcmp(item.entry.name, candidate.letters, sizeof candidate.letters) == 0;
      return !is_used;
    });
    if (!is_used) return candidate;
  }
  surroundings_.give_up(Error::NoSpace);
}

/// Gives `entry` a name in a directory that has none like it. Answers where it is.
u64 Volume::put_new(u32 directory, const Name& name, DirectoryEntry& entry) {
  ShortName chosen = choose_short_name(directory, name);
  u32 pieces = as_short_name(name) ? 0 : (name.length + LongNameEntry::kUnits - 1) / LongNameEntry::kUnits;
  memcpy(entry.name, chosen.letters, sizeof entry.name);
  entry.case_flags = chosen.case_flags;
  u64 positions[21];
  while (!find_room(directory, pieces + 1, positions)) grow_directory(directory);
  put_long_name(positions, pieces, name, checksum_of(entry.name));
  entry_at(positions[pieces]) = entry;
  return positions[pieces];
}

void Volume::take_away(const Item& item, When when) {
  for (u32 i = 0; i < item.count; i++) {
    Frame& frame = need(item.positions[i] / kEntriesOfSector);
    if ((frame.flags & Frame::kChanged) == 0 && when == When::Now) frame.flags |= Frame::kOnlyRemovals;
    auto* entries = reinterpret_cast<DirectoryEntry*>(change(frame));
    if (when == When::Now) {
      entries[item.positions[i] % kEntriesOfSector].name[0] = DirectoryEntry::kFree;
    } else {
      frame.removed_later |= 1U << item.positions[i] % kEntriesOfSector;
    }
  }
}

/// Answers its cluster.
u32 Volume::new_directory(u32 parent, const DirectoryEntry& stamps) {
  u32 cluster = take_cluster(0);
  if (cluster == 0) surroundings_.give_up(Error::NoSpace);
  for (u32 i = 0; i < state_.geometry.cluster_sectors; i++) add_zero_frame(state_.geometry.sector_of(cluster) + i, Frame::kOfNewDirectory);
  auto* entries = reinterpret_cast<DirectoryEntry*>(change(need(state_.geometry.sector_of(cluster))));
  for (u32 i = 0; i < 2; i++) {
    DirectoryEntry entry = stamps;
    memset(entry.name, ' ', sizeof entry.name);
    memset(entry.name, '.', i + 1);
    entry.attributes = DirectoryEntry::kDirectory;
    entry.first_high = u16((i == 0 ? cluster : parent) >> 16);
    entry.first_low = u16(i == 0 ? cluster : parent);
    entries[i] = entry;
  }
  return cluster;
}

/// Whether a directory is another one, or below it.
bool Volume::is_below(u32 directory, u32 ancestor) {
  constexpr u32 kDeepest = 1024;
  for (u32 i = 0; i < kDeepest; i++) {
    if (directory == ancestor) return true;
    if (directory == 0) return false;
    if (!state_.geometry.is_cluster(directory)) break;
    const auto& parent = reinterpret_cast<const DirectoryEntry*>(bytes_of(need(state_.geometry.sector_of(directory))))[1];
    if (parent.name[0] != '.' || parent.name[1] != '.') break;
    directory = u32{parent.first_high} << 16 | parent.first_low;
    if (directory == state_.geometry.root_cluster) directory = 0;
  }
  surroundings_.give_up(Error::Damaged);
}

}  // namespace pith::fat
