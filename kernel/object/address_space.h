// AddressSpace: a tree of page tables, and the threads and guests that run in it.
#pragma once
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"
#include "kernel/object/link.h"
#include "kernel/object/page_table.h"

namespace pith {

/// Invariant: `top` is a PageTable of the highest level whose FrameInfo.parent is this frame; every thread in `threads` and guest in `guests` names this space.
struct alignas(kPageSize) AddressSpace {
  static constexpr ObjectType kType = ObjectType::AddressSpace;
  FrameNumber top;
  FrameNumber spare;  ///< leaf table that takes the place of a revoked share, 0: none
  List threads;       ///< Thread, by space_link
  List guests;        ///< Guest, by space_link

  Result<void> link_table(Thread& caller, VirtualAddress address, FrameNumber table);
  Result<void> map(Thread& caller, CapabilitySlot region, VirtualAddress address, FrameNumber frame, u64 access);
  Result<FrameNumber> unmap(Thread& caller, CapabilitySlot region, VirtualAddress address);
  Result<void> protect(Thread& caller, CapabilitySlot region, VirtualAddress address, u64 access);
  Result<void> link_share(Thread& caller, VirtualAddress address, CapabilitySlot share);
  Result<void> unlink_share(Thread& caller, VirtualAddress address);
  Result<AddressSpaceQueryResult> query(Thread& caller, VirtualAddress address);
  Result<void> flush(Thread& caller);
};

/// Errors of AddressSpace's own arguments at creation. Errors: BadFrame, FrameInUse, BadArgument.
Result<void> check_address_space_frames(FrameNumber frame, u64 spare, FrameNumber top);

/// Makes the zeroed frame an address space with `top` as its top-level table.
void initialise_address_space(FrameNumber frame, FrameNumber spare, FrameNumber top);

/// The spare table of the space that `table` belongs to, if it still is a leaf table of that space's owner; else 0.
FrameNumber spare_table_of(FrameNumber table);

}  // namespace pith
