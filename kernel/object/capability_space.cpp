// Looking capabilities up, copying and deleting them.
#include "kernel/object/capability_space.h"

namespace pith {

Result<Capability&> CapabilitySpace::slot(CapabilitySlot number) {
  if (number.raw >= kTablesPerSpace * kSlotsPerTable) return Error::BadSlot;
  FrameNumber where = table[number.raw / kSlotsPerTable];
  if (where.raw == 0) return Error::BadSlot;
  return view<CapabilityTable>(where).slot[number.raw % kSlotsPerTable];
}

Result<Capability&> CapabilitySpace::empty_slot(CapabilitySlot number) {
  Capability& found = TRY(slot(number));
  if (number == kNoSlot) return Error::BadSlot;
  if (!found.is_empty()) return Error::Occupied;
  return found;
}

Error refusal(Thread& caller, CapabilitySlot slot, ObjectType type) {
  FrameNumber table = capability_spaces[caller.capabilities.raw].table[slot.raw / kSlotsPerTable];
  if (table.raw == 0) return Error::BadSlot;
  return capability_tables[table.raw].slot[slot.raw % kSlotsPerTable].refusal(type);
}

Result<Capability&> live_capability(Thread& caller, CapabilitySlot slot) {
  Capability& found = TRY(view<CapabilitySpace>(caller.capabilities).slot(slot));
  if (found.is_empty()) return Error::EmptySlot;
  if (!found.is_live()) return Error::Stale;
  return found;
}

Result<Capability&> empty_slot_of(Thread& caller, CapabilitySlot slot) {
  return view<CapabilitySpace>(caller.capabilities).empty_slot(slot);
}

Result<void> CapabilitySpace::link(Thread& caller, u64 index, CapabilitySlot table_slot) {
  Capability& capability = TRY(check_capability(caller, table_slot, ObjectType::CapabilityTable, right::CapabilityTable::Link));
  if (index >= kTablesPerSpace) return Error::BadArgument;
  if (table[index].raw != 0) return Error::Occupied;
  FrameInfo& entry = info(capability.frame);
  if (entry.parent.raw != 0) return Error::FrameInUse;
  FrameNumber self = frame_of(*this);
  if (info(self).cursor != 0) return Error::Closing;  // half taken apart: what is linked behind the cursor would never be unlinked
  TRY(check_open(info(self).owner));
  TRY(check_open(entry.owner));

  table[index] = capability.frame;
  entry.parent = self;
  entry.index = u16(index);
  return {};
}

Result<void> CapabilitySpace::install(Thread& caller, CapabilitySlot destination, CapabilitySlot source, u64 rights, u64 badge) {
  Capability& from = TRY(live_capability(caller, source));
  Capability& to = TRY(empty_slot(destination));
  if (rights > kAllRights || badge > ~u32{0}) return Error::BadArgument;
  if (badge != 0 && (from.badge != Badge() || (from.rights() & kRightGrant) == 0)) return Error::MissingRight;

  to = from;
  to.word &= rights | ~Capability::kRightsMask;
  if (badge != 0) to.badge = Badge(u32(badge));
  return {};
}

Result<void> CapabilitySpace::remove(Thread&, CapabilitySlot number) {
  TRY(slot(number)) = {};
  return {};
}

Result<CapabilitySpaceInspectResult> CapabilitySpace::inspect(Thread&, CapabilitySlot number) {
  Capability& found = TRY(slot(number));
  if (found.is_empty()) return Error::EmptySlot;
  return CapabilitySpaceInspectResult{u64(found.type()), found.rights(), found.badge.raw, found.is_live()};
}

}  // namespace pith
