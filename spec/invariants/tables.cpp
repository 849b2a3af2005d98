// Page tables, shares and address spaces: what an entry may lead to, and that every link has its other end.
#include "kernel/object/page_table.h"

#include "kernel/object/address_space.h"
#include "kernel/object/thread.h"
#include "spec/invariants/list.h"
#include "spec/invariants/predicate.h"

namespace pith {

namespace {

constexpr u32 kTopLevel = arch::kPageTableLevels - 1;

/// An entry that user space has a say in: the rest of a top-level table is the kernel's.
bool is_user_entry(FrameNumber table, u32 index) { return info(table).level != kTopLevel || index < arch::kUserTopEntries; }

u64 bits_of(arch::PageTableEntry entry) { return __builtin_bit_cast(u64, entry); }

/// The threads that run in an address space.
struct SpaceThreads {
  struct Place {
    FrameNumber space;
    bool operator==(const Place& other) const { return space == other.space; }
  };
  static const List& list(Place place) { return address_spaces[place.space.raw].threads; }
  static const Link& link(FrameNumber thread) { return threads[thread.raw].space_link; }
  static bool is_typed(FrameNumber frame) { return is<Thread>(frame); }
  static bool is_member(FrameNumber thread) { return threads[thread.raw].space.raw != 0; }
  static Place place_of(FrameNumber thread) { return {threads[thread.raw].space}; }
  static bool is_place(Place place) { return is<AddressSpace>(place.space); }
};

}  // namespace

LIST_ENDS(space_threads, SpaceThreads, (Of<AddressSpace> space), (space))
LIST_MEMBERS(space_threads, SpaceThreads, Thread)

// ---- leaf entries ----

INVARIANT(page_is_data, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level == 0 && entry.is_present());
  return is<DataPage>(entry.frame());
}
INVARIANT(page_is_of_the_tables_region, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level == 0 && entry.is_present() && is<DataPage>(entry.frame()));
  return info(entry.frame()).owner == info(table).owner;
}
/// No bit of the hardware's entry is anything but what `map` puts in for this frame and access.
INVARIANT(page_entry_is_well_formed, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level == 0 && entry.is_present());
  return bits_of(entry) == bits_of(arch::PageTableEntry::leaf(entry.frame(), entry.access()));
}
INVARIANT(shared_page_is_data, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = shares[share.raw].entry[index.raw];
  GIVEN(info(share).level == 0 && entry.is_present());
  return is<DataPage>(entry.frame());
}
INVARIANT(shared_page_is_of_the_shares_region, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = shares[share.raw].entry[index.raw];
  GIVEN(info(share).level == 0 && entry.is_present() && is<DataPage>(entry.frame()));
  return info(entry.frame()).owner == info(share).owner;
}
INVARIANT(shared_page_entry_is_well_formed, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = shares[share.raw].entry[index.raw];
  GIVEN(info(share).level == 0 && entry.is_present());
  return bits_of(entry) == bits_of(arch::PageTableEntry::leaf(entry.frame(), entry.access()));
}
INVARIANT(shared_page_is_not_executable, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = shares[share.raw].entry[index.raw];
  return !entry.is_present() || entry.access() != Access::ReadExecute;
}
INVARIANT(share_is_of_memory_or_of_a_device, Of<Share> share) {
  FOR_ALL(share);
  return info(share).level <= 1;
}
INVARIANT(device_share_maps_devices, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = shares[share.raw].entry[index.raw];
  return info(share).level == 0 || !entry.is_present() || entry.is_device();
}

// ---- inner entries ----

INVARIANT(table_level_exists, Of<PageTable> table) {
  FOR_ALL(table);
  return info(table).level <= kTopLevel;
}
INVARIANT(inner_entry_leads_to_a_table, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present());
  return is<PageTable>(entry.frame()) || is<Share>(entry.frame());
}
INVARIANT(inner_entry_leads_one_level_down, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<PageTable>(entry.frame()));
  return info(entry.frame()).level + 1 == info(table).level;
}
INVARIANT(only_the_lowest_inner_table_links_shares, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<Share>(entry.frame()));
  return info(table).level == 1;
}
INVARIANT(inner_entry_is_well_formed, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present());
  return bits_of(entry) == bits_of(arch::PageTableEntry::table(entry.frame()));
}
/// A table without a parent that an entry leads to is a spare one, in the place of a revoked share.
INVARIANT(linked_table_knows_its_parent, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<PageTable>(entry.frame()));
  return info(entry.frame()).parent.raw == 0 || info(entry.frame()).parent == table;
}
INVARIANT(linked_table_knows_its_index, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<PageTable>(entry.frame()));
  return info(entry.frame()).parent.raw == 0 || info(entry.frame()).index == index.raw;
}
INVARIANT(unlinked_table_in_an_entry_is_a_spare_one, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<PageTable>(entry.frame()));
  return info(entry.frame()).parent.raw != 0 || info(entry.frame()).level == 0;
}
INVARIANT(linked_share_knows_its_parent, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<Share>(entry.frame()));
  return info(entry.frame()).parent == table;
}
INVARIANT(linked_share_knows_its_index, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level != 0 && is_user_entry(table, index.raw) && entry.is_present() && is<Share>(entry.frame()));
  return info(entry.frame()).index == index.raw;
}

// ---- from a table or share to what links it ----

INVARIANT(table_index_is_in_range, Of<PageTable> table) {
  FOR_ALL(table);
  return info(table).index < kPageTableEntries;
}
INVARIANT(table_parent_is_a_table, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  GIVEN(info(table).level != kTopLevel && parent.raw != 0);
  return is<PageTable>(parent);
}
INVARIANT(table_parent_is_one_level_up, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  GIVEN(info(table).level != kTopLevel && is<PageTable>(parent));
  return info(parent).level == info(table).level + 1;
}
INVARIANT(table_is_linked_at_a_user_entry, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  GIVEN(info(table).level != kTopLevel && is<PageTable>(parent));
  return is_user_entry(parent, info(table).index);
}
INVARIANT(table_parent_entry_is_present, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  u32 index = info(table).index;
  GIVEN(info(table).level != kTopLevel && is<PageTable>(parent) && index < kPageTableEntries);
  return page_tables[parent.raw].entry[index].is_present();
}
INVARIANT(table_parent_links_it, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  u32 index = info(table).index;
  GIVEN(info(table).level != kTopLevel && is<PageTable>(parent) && index < kPageTableEntries);
  return page_tables[parent.raw].entry[index].frame() == table;
}
INVARIANT(top_table_parent_is_a_space, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  GIVEN(info(table).level == kTopLevel && parent.raw != 0);
  return is<AddressSpace>(parent);
}
INVARIANT(top_table_is_its_spaces, Of<PageTable> table) {
  FOR_ALL(table);
  FrameNumber parent = info(table).parent;
  GIVEN(info(table).level == kTopLevel && is<AddressSpace>(parent));
  return address_spaces[parent.raw].top == table;
}
INVARIANT(share_index_is_in_range, Of<Share> share) {
  FOR_ALL(share);
  return info(share).index < kPageTableEntries;
}
INVARIANT(share_parent_is_a_table, Of<Share> share) {
  FOR_ALL(share);
  FrameNumber parent = info(share).parent;
  return parent.raw == 0 || is<PageTable>(parent);
}
INVARIANT(share_parent_is_of_level_one, Of<Share> share) {
  FOR_ALL(share);
  FrameNumber parent = info(share).parent;
  return parent.raw == 0 || info(parent).level == 1;
}
INVARIANT(share_parent_entry_is_present, Of<Share> share) {
  FOR_ALL(share);
  FrameNumber parent = info(share).parent;
  u32 index = info(share).index;
  GIVEN(is<PageTable>(parent) && index < kPageTableEntries);
  return page_tables[parent.raw].entry[index].is_present();
}
INVARIANT(share_parent_links_it, Of<Share> share) {
  FOR_ALL(share);
  FrameNumber parent = info(share).parent;
  u32 index = info(share).index;
  GIVEN(is<PageTable>(parent) && index < kPageTableEntries);
  return page_tables[parent.raw].entry[index].frame() == share;
}

// ---- tables that are half taken apart ----

INVARIANT(dismantled_entry_is_absent, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  return index.raw >= info(table).cursor || !page_tables[table.raw].entry[index.raw].is_present();
}
INVARIANT(half_dismantled_table_is_not_linked, Of<PageTable> table) {
  FOR_ALL(table);
  return info(table).cursor == 0 || info(table).parent.raw == 0;
}
INVARIANT(half_dismantled_table_is_not_in_use, Of<PageTable> table) {
  FOR_ALL(table);
  return info(table).cursor == 0 || info(table).uses == 0;
}
INVARIANT(linked_table_is_no_spare_one, Of<PageTable> table) {
  FOR_ALL(table);
  return info(table).parent.raw == 0 || info(table).uses == 0;
}
INVARIANT(only_leaf_tables_are_spare, Of<PageTable> table) {
  FOR_ALL(table);
  return info(table).level == 0 || info(table).uses == 0;
}
INVARIANT(dismantled_share_entry_is_absent, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  return index.raw >= info(share).cursor || !shares[share.raw].entry[index.raw].is_present();
}

// ---- address spaces ----

INVARIANT(space_top_is_a_table, Of<AddressSpace> space) {
  FOR_ALL(space);
  return is<PageTable>(address_spaces[space.raw].top);
}
INVARIANT(space_top_is_of_the_top_level, Of<AddressSpace> space) {
  FOR_ALL(space);
  FrameNumber top = address_spaces[space.raw].top;
  GIVEN(is<PageTable>(top));
  return info(top).level == kTopLevel;
}
INVARIANT(space_top_knows_its_space, Of<AddressSpace> space) {
  FOR_ALL(space);
  FrameNumber top = address_spaces[space.raw].top;
  GIVEN(is<PageTable>(top));
  return info(top).parent == space;
}
INVARIANT(space_spare_frame_exists, Of<AddressSpace> space) {
  FOR_ALL(space);
  return address_spaces[space.raw].spare.raw < frame_count;
}

}  // namespace pith
