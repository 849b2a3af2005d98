// Walking and changing page tables.
#include "kernel/object/address_space.h"

#include "kernel/memory/flush.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/region.h"

namespace pith {

namespace {

/// A place in a page table.
struct Place {
  FrameNumber table;
  u32 index;
};

Result<void> check_address(VirtualAddress address, u32 level) {
  u64 span = u64{1} << entry_shift(level);
  if (address.raw >= arch::kUserEnd || address.raw % span != 0) return Error::BadAddress;
  return {};
}

arch::PageTableEntry& entry_at(Place place) {
  // A share seen by the walker is a leaf table all the same; both views have the same shape.
  if (info(place.table).type == ObjectType::Share) return view<Share>(place.table).entry[place.index];
  return view<PageTable>(place.table).entry[place.index];
}

/// The entry of the table of `level` that `address` goes through. Error: NoTable.
Result<Place> walk(FrameNumber top, u64 address, u32 level) {
  FrameNumber table = top;
  if (table.raw == 0) return Error::NoTable;
  for (u32 here = arch::kPageTableLevels - 1; here > level; here--) {
    arch::PageTableEntry entry = page_tables[table.raw].entry[entry_index(address, here)];
    if (!entry.is_present()) return Error::NoTable;
    table = entry.frame();
  }
  return Place{table, entry_index(address, level)};
}

/// The leaf entry for `address` in a table that the region in `slot` owns.
Result<Place> own_leaf(Thread& caller, FrameNumber top, CapabilitySlot slot, VirtualAddress address) {
  Capability& region = TRY(check_capability(caller, slot, ObjectType::Region, right::Region::Use));
  TRY(check_address(address, 0));
  Place place = TRY(walk(top, address.raw, 0));
  const FrameInfo& table = info(place.table);
  if (table.type != ObjectType::PageTable || table.owner != region.frame) return Error::NoTable;
  return place;
}

/// Forgets the translation of one page if this CPU may be using the space. What other CPUs remember is left to flush(): `space` notes since when.
void forget(FrameNumber space, FrameNumber top, u64 address) {
  info(space).generation = current_generation();
  if (arch::current_root() == arch::root_of(top)) arch::flush_page(address);
}

}  // namespace

Result<void> check_address_space_frames(FrameNumber frame, u64 spare, FrameNumber top) {
  FrameNumber owner = info(frame).owner;
  if (top.raw == 0 || top.raw >= frame_count || info(top).owner != owner) return Error::BadFrame;
  const FrameInfo& table = info(top);
  if (table.type != ObjectType::PageTable || table.level != arch::kPageTableLevels - 1) return Error::BadArgument;
  if (table.parent.raw != 0 || table.cursor != 0) return Error::FrameInUse;
  if (spare == 0) return {};
  if (spare >= frame_count) return Error::BadFrame;
  const FrameInfo& entry = frames[spare];
  if (entry.owner != owner || entry.type != ObjectType::PageTable || entry.level != 0 || entry.parent.raw != 0) return Error::BadArgument;
  return {};
}

void initialise_address_space(FrameNumber frame, FrameNumber spare, FrameNumber top) {
  AddressSpace& space = view<AddressSpace>(frame);
  info(top).parent = frame;
  space.top = top;
  space.spare = spare;
}

FrameNumber spare_table_of(FrameNumber table) {
  for (u32 level = 0; level < arch::kPageTableLevels; level++) {
    const FrameInfo& entry = info(table);
    if (entry.parent.raw == 0) return FrameNumber();
    if (entry.level != arch::kPageTableLevels - 1) {
      table = entry.parent;
      continue;
    }
    FrameNumber spare = view<AddressSpace>(entry.parent).spare;
    if (spare.raw == 0) return spare;
    const FrameInfo& candidate = info(spare);
    // It may be a table that is in use like any other by now; and uses are counted, not unlimited.
    bool usable = candidate.type == ObjectType::PageTable && candidate.level == 0 && candidate.owner == info(entry.parent).owner &&
                  candidate.parent.raw == 0 && candidate.cursor == 0 && candidate.uses != ~u32{0};
    return usable ? spare : FrameNumber();
  }
  return FrameNumber();
}

Result<void> AddressSpace::link_table(Thread&, VirtualAddress address, FrameNumber table) {
  FrameNumber owner = info(frame_of(*this)).owner;
  TRY(check_below(owner, table));
  FrameInfo& entry = info(table);
  if (entry.type != ObjectType::PageTable) return Error::WrongType;
  if (entry.level >= arch::kPageTableLevels - 1) return Error::BadArgument;
  // A table that is half taken apart never comes back: what were put in behind the cursor would not be taken out again.
  if (entry.parent.raw != 0 || entry.uses != 0 || entry.cursor != 0 || table == spare) return Error::FrameInUse;
  TRY(check_address(address, entry.level + 1));
  Place place = TRY(walk(top, address.raw, entry.level + 1));
  arch::PageTableEntry& slot = entry_at(place);
  if (slot.is_present()) return Error::Occupied;
  TRY(check_open(owner));
  TRY(check_open(entry.owner));

  slot = arch::PageTableEntry::table(table);
  entry.parent = place.table;
  entry.index = u16(place.index);
  return {};
}

Result<void> AddressSpace::map(Thread& caller, CapabilitySlot region, VirtualAddress address, FrameNumber frame, u64 access_word) {
  Place place = TRY(own_leaf(caller, top, region, address));
  Access access = TRY(check_access(access_word));
  FrameNumber owner = info(place.table).owner;
  TRY(check_mappable(owner, frame));
  TRY(check_open(owner));
  arch::PageTableEntry& slot = page_tables[place.table.raw].entry[place.index];  // own_leaf saw its type
  if (slot.is_present()) return Error::Occupied;

  slot = arch::PageTableEntry::leaf(frame, access);
  info(frame).uses++;
  return {};
}

Result<FrameNumber> AddressSpace::unmap(Thread& caller, CapabilitySlot region, VirtualAddress address) {
  Place place = TRY(own_leaf(caller, top, region, address));
  arch::PageTableEntry& slot = page_tables[place.table.raw].entry[place.index];  // own_leaf saw its type
  if (!slot.is_present()) return Error::NotMapped;

  FrameNumber frame = slot.frame();
  slot = {};
  info(frame).uses--;
  forget(frame_of(*this), top, address.raw);
  return frame;
}

Result<void> AddressSpace::protect(Thread& caller, CapabilitySlot region, VirtualAddress address, u64 access_word) {
  Place place = TRY(own_leaf(caller, top, region, address));
  Access access = TRY(check_access(access_word));
  arch::PageTableEntry& slot = page_tables[place.table.raw].entry[place.index];  // own_leaf saw its type
  if (!slot.is_present()) return Error::NotMapped;

  slot = arch::PageTableEntry::leaf(slot.frame(), access);
  forget(frame_of(*this), top, address.raw);
  return {};
}

Result<void> AddressSpace::link_share(Thread& caller, VirtualAddress address, CapabilitySlot share_slot) {
  Capability& share = TRY(check_capability(caller, share_slot, ObjectType::Share, right::Share::Link));
  FrameInfo& entry = info(share.frame);
  if (entry.parent.raw != 0) return Error::FrameInUse;
  TRY(check_address(address, 1));
  Place place = TRY(walk(top, address.raw, 1));
  arch::PageTableEntry& slot = entry_at(place);
  bool is_spare = slot.is_present() && info(slot.frame()).parent.raw == 0;
  if (slot.is_present() && !is_spare) return Error::Occupied;
  TRY(check_open(info(frame_of(*this)).owner));
  TRY(check_open(entry.owner));

  if (is_spare) info(slot.frame()).uses--;
  slot = arch::PageTableEntry::table(share.frame);
  entry.parent = place.table;
  entry.index = u16(place.index);
  if (!is_spare) return {};
  info(frame_of(*this)).generation = current_generation();
  arch::flush_all();
  return {};
}

Result<void> AddressSpace::unlink_share(Thread&, VirtualAddress address) {
  TRY(check_address(address, 1));
  Place place = TRY(walk(top, address.raw, 1));
  arch::PageTableEntry entry = entry_at(place);
  if (!entry.is_present()) return Error::NotMapped;
  if (info(entry.frame()).type != ObjectType::Share) return Error::WrongType;

  pith::unlink_share(entry.frame());
  info(frame_of(*this)).generation = current_generation();
  arch::flush_all();
  return {};
}

Result<AddressSpaceQueryResult> AddressSpace::query(Thread&, VirtualAddress address) {
  TRY(check_address(address, 0));
  Place place = TRY(walk(top, address.raw, 0));
  arch::PageTableEntry entry = entry_at(place);
  if (!entry.is_present()) return Error::NotMapped;
  return AddressSpaceQueryResult{entry.is_device() ? FrameNumber() : entry.frame(), u64(entry.access())};
}

Result<void> AddressSpace::flush(Thread&) {
  if (!is_flushed(info(frame_of(*this)).generation)) return Error::Again;
  return {};
}

}  // namespace pith
