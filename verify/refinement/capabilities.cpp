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
MEANING_OF_CAPABILITY(slot, spec::capability_tables[table].slot[slot.raw], capability_tables[table.raw].slot[slot.raw], is_table(table) && slot.raw < kSlotsPerTable,
                      is_full(table, slot), FrameNumber table, SlotIndex slot)

}  // namespace pith
