// Page tables, shares and address spaces: what the specification's cells mean. One table of the specification is both, as the frame's type says.
#include "verify/refinement/meaning.h"

namespace pith {

namespace {

[[gnu::always_inline]] inline arch::PageTableEntry entry_of(FrameNumber table, EntryIndex index) {
  return is<Share>(table) ? shares[table.raw].entry[index.raw] : page_tables[table.raw].entry[index.raw];
}

/// An entry that user code can have a use for; a top-level table's upper half is the kernel's.
[[gnu::always_inline]] inline bool is_entry(FrameNumber table, EntryIndex index) {
  if (is<Share>(table)) return index.raw < kPageTableEntries;
  if (!is<PageTable>(table)) return false;
  return index.raw < (frames[table.raw].level == arch::kPageTableLevels - 1 ? u32(arch::kUserTopEntries) : kPageTableEntries);
}

[[gnu::always_inline]] inline bool is_present(FrameNumber table, EntryIndex index) { return is_entry(table, index) && entry_of(table, index).is_present(); }

[[gnu::always_inline]] inline bool is_leaf(FrameNumber table) { return is<Share>(table) || frames[table.raw].level == 0; }

}  // namespace

MEANING(entry_present, spec::page_tables[table].entry[index.raw].present, entry_of(table, index).is_present(), is_entry(table, index), FrameNumber table,
        EntryIndex index)
MEANING(entry_frame, spec::page_tables[table].entry[index.raw].frame, entry_of(table, index).frame(), is_present(table, index), FrameNumber table,
        EntryIndex index)
MEANING(entry_device, spec::page_tables[table].entry[index.raw].device, entry_of(table, index).is_device(), is_present(table, index), FrameNumber table,
        EntryIndex index)
MEANING(entry_access, spec::page_tables[table].entry[index.raw].access, is_leaf(table) ? u64(entry_of(table, index).access()) : 0,
        is_present(table, index), FrameNumber table, EntryIndex index)

MEANING(space_top, spec::address_spaces[space].top, address_spaces[space.raw].top, is<AddressSpace>(space), FrameNumber space)
MEANING(space_spare, spec::address_spaces[space].spare, address_spaces[space.raw].spare, is<AddressSpace>(space), FrameNumber space)

}  // namespace pith
