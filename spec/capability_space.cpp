// Capability spaces: linking tables, copying capabilities and deleting them.
#include "spec/parts.h"

namespace pith::spec {

Error capability_space_link(FrameNumber caller, FrameNumber self, u64 index, CapabilitySlot table_slot) {
  FrameNumber table = TRY(lookup(caller, table_slot, ObjectType::CapabilityTable, right::CapabilityTable::Link)).frame;
  if (index >= kTablesPerSpace) return Error::BadArgument;
  if (capability_spaces[self].table[index].raw != 0) return Error::Occupied;
  if (frames[table].parent.raw != 0) return Error::FrameInUse;
  if (frames[self].cursor != 0) return Error::Closing;  // half taken apart
  if (!is_open(frames[self].owner) || !is_open(frames[table].owner)) return Error::Closing;

  capability_spaces[self].table[index] = table;
  frames[table].parent = self;
  frames[table].index = u16(index);
  return kSuccess;
}

Error capability_space_install(FrameNumber caller, FrameNumber self, CapabilitySlot destination, CapabilitySlot source, u64 rights,
                               u64 badge) {
  Capability copy = TRY(live_capability(caller, source));
  Slot slot = TRY(empty_slot_of(self, destination));
  if (rights > kAllRights || badge > ~u32{0}) return Error::BadArgument;
  if (badge != 0 && (copy.badge != Badge() || (copy.rights & kRightGrant) == 0)) return Error::MissingRight;

  copy.rights &= u8(rights);
  if (badge != 0) copy.badge = Badge(u32(badge));
  at(slot) = copy;
  return kSuccess;
}

Error capability_space_remove(FrameNumber, FrameNumber self, CapabilitySlot slot) {
  at(TRY(slot_of(self, slot))) = {};
  return kSuccess;
}

Error capability_space_inspect(FrameNumber, FrameNumber self, CapabilitySlot slot, Results& results) {
  Capability found = at(TRY(slot_of(self, slot)));
  if (is_empty(found)) return Error::EmptySlot;
  results = {{u64(ObjectType(found.type)), found.rights, found.badge.raw, is_live(found)}};
  return kSuccess;
}

}  // namespace pith::spec
