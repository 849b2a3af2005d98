// Capability spaces and tables: two fixed levels, and the one function that is the access-control policy.
#pragma once
#include "abi/handle.h"
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"
#include "kernel/object/capability.h"
#include "kernel/object/link.h"
#include "kernel/object/thread.h"

namespace pith {

/// 256 slots. Linked by at most one capability space: FrameInfo.parent and index say where.
struct alignas(kPageSize) CapabilityTable {
  static constexpr ObjectType kType = ObjectType::CapabilityTable;
  Capability slot[kSlotsPerTable];
};
static_assert(sizeof(CapabilityTable) == kPageSize);

/// 512 places for tables, and the list of threads that use it. Frame 0 is an all-zero table, so an absent table refuses every right by itself.
struct alignas(kPageSize) CapabilitySpace {
  static constexpr ObjectType kType = ObjectType::CapabilitySpace;
  FrameNumber table[kTablesPerSpace];
  List threads;  ///< Thread, by capability_link

  Result<void> link(Thread& caller, u64 index, CapabilitySlot table_slot);
  Result<void> install(Thread& caller, CapabilitySlot destination, CapabilitySlot source, u64 rights, u64 badge);
  Result<void> remove(Thread& caller, CapabilitySlot slot);
  Result<CapabilitySpaceInspectResult> inspect(Thread& caller, CapabilitySlot slot);

  /// The slot, if its table is linked. Error: BadSlot.
  Result<Capability&> slot(CapabilitySlot number);
  /// The slot, if its table is linked and it is empty. Errors: BadSlot, Occupied.
  Result<Capability&> empty_slot(CapabilitySlot number);
};

/// The caller's capability in `slot`, whatever it is. Errors: BadSlot, EmptySlot, Stale.
Result<Capability&> live_capability(Thread& caller, CapabilitySlot slot);

/// Why check_capability refuses the capability in `slot`, which is in range.
Error refusal(Thread& caller, CapabilitySlot slot, ObjectType type);

/// The caller's capability in `slot`, if it is live, of this type, and has this right. This is the access-control policy.
/// An absent table is frame 0, an empty one, and so refuses by itself. Errors: BadSlot, EmptySlot, Stale, WrongType, MissingRight.
[[gnu::always_inline]] inline Result<Capability&> check_capability(Thread& caller, CapabilitySlot slot, ObjectType type, u32 right) {
  if (slot.raw >= kTablesPerSpace * kSlotsPerTable) return Error::BadSlot;
  FrameNumber table = capability_spaces[caller.capabilities.raw].table[slot.raw / kSlotsPerTable];
  Capability& found = capability_tables[table.raw].slot[slot.raw % kSlotsPerTable];
  if (!found.allows(type, right)) [[unlikely]]
    return refusal(caller, slot, type);
  return found;
}

/// The slot of the caller's own space, if it is empty.
Result<Capability&> empty_slot_of(Thread& caller, CapabilitySlot slot);

/// The object that the caller's capability in `slot` names.
template <class T>
[[gnu::always_inline]] inline Result<T&> lookup(Thread& caller, CapabilitySlot slot, u32 right) {
  return ViewArray<T>::array()[TRY(check_capability(caller, slot, T::kType, right)).frame.raw];
}

/// An object, and the badge of the capability that named it.
template <class T>
struct Badged {
  T& object;
  Badge badge;
};

/// As lookup, with the badge.
template <class T>
[[gnu::always_inline]] inline Result<Badged<T>> lookup_badged(Thread& caller, CapabilitySlot slot, u32 right) {
  const Capability& capability = TRY(check_capability(caller, slot, T::kType, right));
  return Badged<T>{ViewArray<T>::array()[capability.frame.raw], capability.badge};
}

}  // namespace pith
