// Capability spaces and tables: what the specification's cells mean. Frame 0 is an empty space and an empty table.
#include "verify/refinement/meaning.h"

namespace pith {

namespace {

/// The slot holds something.
[[gnu::always_inline]] inline bool is_full(FrameNumber table, SlotIndex slot) {
  return is<CapabilityTable>(table) && slot.raw < kSlotsPerTable && !capability_tables[table.raw].slot[slot.raw].is_empty();
}

[[gnu::always_inline]] inline bool is_space(FrameNumber space) { return space.raw == 0 || is<CapabilitySpace>(space); }
[[gnu::always_inline]] inline bool is_table(FrameNumber table) { return table.raw == 0 || is<CapabilityTable>(table); }

}  // namespace

MEANING(space_table, spec::capability_spaces[space].table[table.raw], capability_spaces[space.raw].table[table.raw],
        is_space(space) && table.raw < kTablesPerSpace, FrameNumber space, TableIndex table)
MEANING(slot_type, spec::capability_tables[table].slot[slot.raw].type, capability_tables[table.raw].slot[slot.raw].type(),
        is_table(table) && slot.raw < kSlotsPerTable, FrameNumber table, SlotIndex slot)
MEANING(slot_frame, spec::capability_tables[table].slot[slot.raw].frame, capability_tables[table.raw].slot[slot.raw].frame, is_full(table, slot),
        FrameNumber table, SlotIndex slot)
MEANING(slot_badge, spec::capability_tables[table].slot[slot.raw].badge, capability_tables[table.raw].slot[slot.raw].badge, is_full(table, slot),
        FrameNumber table, SlotIndex slot)
MEANING(slot_epoch, spec::capability_tables[table].slot[slot.raw].epoch, capability_tables[table.raw].slot[slot.raw].word >> 16, is_full(table, slot),
        FrameNumber table, SlotIndex slot)
MEANING(slot_rights, spec::capability_tables[table].slot[slot.raw].rights, capability_tables[table.raw].slot[slot.raw].rights(), is_full(table, slot),
        FrameNumber table, SlotIndex slot)

}  // namespace pith
