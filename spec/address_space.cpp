// Address spaces: linking tables and shares, mapping the region's own frames.
#include "spec/parts.h"

namespace pith::spec {

namespace {

/// An entry of a table.
struct Place {
  FrameNumber table;
  u32 index;
};

Entry& entry_at(Place place) { return page_tables[place.table].entry[place.index]; }

/// An entry that links a table or share.
Entry table_entry(FrameNumber table) { return {.present = true, .device = false, .access = {}, .frame = table}; }

constexpr u32 shift_of(u32 level) { return 12 + 9 * level; }
constexpr u32 index_of(VirtualAddress address, u32 level) { return u32(address.raw >> shift_of(level)) % kEntries; }

/// The entry of the table of `level` that `address` goes through. Error: NoTable.
Result<Place> walk(FrameNumber space, VirtualAddress address, u32 level) {
  FrameNumber table = address_spaces[space].top;
  for (u32 here = kLevels - 1; here > level; here--) {
    const Entry& entry = page_tables[table].entry[index_of(address, here)];
    if (!entry.present) return Error::NoTable;
    table = entry.frame;
  }
  return Place{table, index_of(address, level)};
}

/// The leaf entry of `address` in a table that the region in `slot` owns: who maps must name its own region.
Result<Place> own_leaf(FrameNumber caller, FrameNumber space, CapabilitySlot slot, VirtualAddress address) {
  FrameNumber region = TRY(lookup(caller, slot, ObjectType::Region, right::Region::Use)).frame;
  if (Error error = check_address(address, 0); error != kSuccess) return error;
  Place place = TRY(walk(space, address, 0));
  if (frames[place.table].type != ObjectType::PageTable || frames[place.table].owner != region) return Error::NoTable;
  return place;
}

/// The spare table of the space that `table` belongs to, if it still is a leaf table of that space's owner, linked nowhere, and can be used
/// once more; else 0.
FrameNumber spare_of(FrameNumber table) {
  for (u32 i = 0; i < kLevels - 1 && frames[table].level != kLevels - 1 && table.raw != 0; i++) table = frames[table].parent;
  if (table.raw == 0 || frames[table].parent.raw == 0) return FrameNumber();
  FrameNumber space = frames[table].parent, spare = address_spaces[space].spare;
  const Frame& entry = frames[spare];
  bool usable = spare.raw != 0 && entry.type == ObjectType::PageTable && entry.level == 0 && entry.parent.raw == 0 && entry.cursor == 0 &&
                entry.uses != ~u32{0} && entry.owner == frames[space].owner;
  return usable ? spare : FrameNumber();
}

}  // namespace

Error check_address(VirtualAddress address, u32 level) {
  return address.raw < kUserEnd && address.raw % (u64{1} << shift_of(level)) == 0 ? kSuccess : Error::BadAddress;
}

void unlink(FrameNumber share) {
  Frame& entry = frames[share];
  FrameNumber spare = spare_of(entry.parent);
  entry_at({entry.parent, entry.index}) = spare.raw != 0 ? table_entry(spare) : Entry{};
  if (spare.raw != 0) frames[spare].uses++;
  entry.parent = FrameNumber();
  entry.index = 0;
  entry.generation = state.generation;
}

Error address_space_link_table(FrameNumber, FrameNumber self, VirtualAddress address, FrameNumber table) {
  FrameNumber owner = frames[self].owner;
  if (!is_below(table, owner)) return Error::BadFrame;
  Frame& entry = frames[table];
  if (entry.type != ObjectType::PageTable) return Error::WrongType;
  if (entry.level >= kLevels - 1) return Error::BadArgument;
  if (entry.parent.raw != 0 || entry.uses != 0 || entry.cursor != 0 || table == address_spaces[self].spare) return Error::FrameInUse;
  if (Error error = check_address(address, entry.level + 1); error != kSuccess) return error;
  Place place = TRY(walk(self, address, entry.level + 1));
  if (entry_at(place).present) return Error::Occupied;
  if (!is_open(owner) || !is_open(entry.owner)) return Error::Closing;

  entry_at(place) = table_entry(table);
  entry.parent = place.table;
  entry.index = u16(place.index);
  return kSuccess;
}

Error address_space_map(FrameNumber caller, FrameNumber self, CapabilitySlot region, VirtualAddress address, FrameNumber frame,
                        u64 access) {
  Place place = TRY(own_leaf(caller, self, region, address));
  FrameNumber owner = frames[place.table].owner;
  if (Error error = check_access(access); error != kSuccess) return error;
  if (Error error = check_mappable(owner, frame); error != kSuccess) return error;
  if (!is_open(owner)) return Error::Closing;
  if (entry_at(place).present) return Error::Occupied;

  entry_at(place) = {.present = true, .device = false, .access = Access(access), .frame = frame};
  frames[frame].uses++;
  return kSuccess;
}

Error address_space_unmap(FrameNumber caller, FrameNumber self, CapabilitySlot region, VirtualAddress address, Results& results) {
  Place place = TRY(own_leaf(caller, self, region, address));
  if (!entry_at(place).present) return Error::NotMapped;

  FrameNumber frame = entry_at(place).frame;
  entry_at(place) = {};
  frames[frame].uses--;
  frames[self].generation = state.generation;  // since then flush() has something to do
  results = {{frame.raw}};
  return kSuccess;
}

Error address_space_protect(FrameNumber caller, FrameNumber self, CapabilitySlot region, VirtualAddress address, u64 access) {
  Place place = TRY(own_leaf(caller, self, region, address));
  if (Error error = check_access(access); error != kSuccess) return error;
  if (!entry_at(place).present) return Error::NotMapped;

  entry_at(place).access = Access(access);
  frames[self].generation = state.generation;
  return kSuccess;
}

Error address_space_link_share(FrameNumber caller, FrameNumber self, VirtualAddress address, CapabilitySlot slot) {
  FrameNumber share = TRY(lookup(caller, slot, ObjectType::Share, right::Share::Link)).frame;
  if (frames[share].parent.raw != 0) return Error::FrameInUse;
  if (Error error = check_address(address, 1); error != kSuccess) return error;
  Place place = TRY(walk(self, address, 1));
  // A spare table is the one thing that stands in an entry without being linked there: a share may take its place back.
  bool is_spare = entry_at(place).present && frames[entry_at(place).frame].parent.raw == 0;
  if (entry_at(place).present && !is_spare) return Error::Occupied;
  if (!is_open(frames[self].owner) || !is_open(frames[share].owner)) return Error::Closing;

  if (is_spare) {
    frames[entry_at(place).frame].uses--;
    frames[self].generation = state.generation;
  }
  entry_at(place) = table_entry(share);
  frames[share].parent = place.table;
  frames[share].index = u16(place.index);
  return kSuccess;
}

Error address_space_unlink_share(FrameNumber, FrameNumber self, VirtualAddress address) {
  if (Error error = check_address(address, 1); error != kSuccess) return error;
  Place place = TRY(walk(self, address, 1));
  if (!entry_at(place).present) return Error::NotMapped;
  if (frames[entry_at(place).frame].type != ObjectType::Share) return Error::WrongType;

  unlink(entry_at(place).frame);
  frames[self].generation = state.generation;
  return kSuccess;
}

Error address_space_query(FrameNumber, FrameNumber self, VirtualAddress address, Results& results) {
  if (Error error = check_address(address, 0); error != kSuccess) return error;
  Entry entry = entry_at(TRY(walk(self, address, 0)));
  if (!entry.present) return Error::NotMapped;
  results = {{entry.device ? 0 : entry.frame.raw, u64(Access(entry.access))}};
  return kSuccess;
}

Error address_space_flush(FrameNumber, FrameNumber self) { return spec_is_flushed(frames[self].generation) ? kSuccess : Error::Again; }

}  // namespace pith::spec
