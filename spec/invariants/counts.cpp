// Consequences of the kernel's counts and of lists being chains from their heads: facts that need more than one object at a time to be shown.
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/page_table.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "spec/invariants/predicate.h"

// A region may go when `frames` is 0, a page when `uses` is 0, an endpoint when its lists are empty. That nothing refers to them then follows from
//
//   regions[r].frames = number of frames f with frames[f].owner == r
//   frames[d].uses    = number of leaf entries, message buffers and register pages that name the Data frame d
//   frames[p].uses    = number of inner entries that name the leaf table p although it has no parent
//   every member of a list is reached from its head
//
// which are sums and chains over all frames, and so beyond predicates with a fixed number of parameters. What the kernel needs of them is below, as lemmas:
// the prover takes them for granted before an operation and does not show them after it; the host tests count (kernel/arch/host/invariants.cpp) and evaluate
// the lemmas after every step. Two ways to close the gap, both without a ghost in the kernel's code:
//
// - A count c(x) = |{y : member(x, y)}| changes by the sum, over the places y that a path writes, of member after - member before. The prover knows all places
//   that a path writes, so it can show `count after - count before` equal to that sum for an arbitrary x, which is induction over states; the lemmas follow from
//   c(x) >= 1 where there is a member. (Hyperkernel's permutation is the same argument made by hand.)
// - Lists whose emptiness lets an object go (calls of an endpoint, threads and guests of a space, threads of a capability space) need no order: a number of
//   members beside the list, counted up and down with it and asked instead of is_empty(), reduces them to the first.

namespace pith {

LEMMA(owner_counts_its_frame, FrameNumber frame) {
  FOR_ALL(frame);
  FrameNumber owner = info(frame).owner;
  GIVEN(is<Region>(owner));
  return regions[owner.raw].frames != 0;
}
LEMMA(region_counts_no_more_than_there_is, Of<Region> region) {
  FOR_ALL(region);
  return regions[region.raw].frames < frame_count;
}
LEMMA(mapped_page_is_in_use, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level == 0 && entry.is_present() && is<DataPage>(entry.frame()));
  return info(entry.frame()).uses != 0;
}
LEMMA(shared_page_is_in_use, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = shares[share.raw].entry[index.raw];
  GIVEN(info(share).level == 0 && entry.is_present() && is<DataPage>(entry.frame()));
  return info(entry.frame()).uses != 0;
}
LEMMA(message_buffer_is_in_use, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber buffer = threads[thread.raw].buffer;
  GIVEN(is<DataPage>(buffer));
  return info(buffer).uses != 0;
}
LEMMA(register_page_is_in_use, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber registers = guests[guest.raw].registers;
  GIVEN(is<DataPage>(registers));
  return info(registers).uses != 0;
}
LEMMA(spare_table_is_in_use, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = page_tables[table.raw].entry[index.raw];
  GIVEN(info(table).level == 1 && entry.is_present() && is<PageTable>(entry.frame()));
  return info(entry.frame()).parent.raw != 0 || info(entry.frame()).uses != 0;
}

// ---- whoever is in a list is reached from its head ----

LEMMA(endpoint_of_a_call_has_callers, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber endpoint = threads[thread.raw].waiting_at;
  GIVEN(threads[thread.raw].state == ThreadState::Calling && is<Endpoint>(endpoint));
  return endpoints[endpoint.raw].callers != 0;
}
LEMMA(queue_of_a_call_is_not_empty, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber endpoint = threads[thread.raw].waiting_at;
  u32 level = threads[thread.raw].level;
  GIVEN(threads[thread.raw].state == ThreadState::Calling && is<Endpoint>(endpoint) && level < kPriorities);
  return endpoints[endpoint.raw].queue[level].first.raw != 0;
}
LEMMA(endpoint_of_a_call_set_aside_has_one, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber endpoint = threads[thread.raw].waiting_at;
  GIVEN(threads[thread.raw].state == ThreadState::SetAside && is<Endpoint>(endpoint));
  return endpoints[endpoint.raw].set_aside_calls.first.raw != 0;
}
LEMMA(space_of_a_thread_has_threads, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber space = threads[thread.raw].space;
  GIVEN(is<AddressSpace>(space));
  return address_spaces[space.raw].threads.first.raw != 0;
}
LEMMA(capability_space_of_a_thread_has_threads, Of<Thread> thread) {
  FOR_ALL(thread);
  FrameNumber space = threads[thread.raw].capabilities;
  GIVEN(is<CapabilitySpace>(space));
  return capability_spaces[space.raw].threads.first.raw != 0;
}
LEMMA(space_of_a_guest_has_guests, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber space = guests[guest.raw].space;
  GIVEN(is<AddressSpace>(space));
  return address_spaces[space.raw].guests.first.raw != 0;
}

LEMMA(thread_of_a_parked_context_has_contexts, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  GIVEN(it.place == Whereabouts::Parked && is<Thread>(it.parked_on));
  return threads[it.parked_on.raw].parking.contexts.first.raw != 0;
}
LEMMA(endpoint_of_a_context_at_its_door_has_contexts, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  GIVEN(it.place == Whereabouts::AtDoor && is<Endpoint>(it.parked_on));
  return endpoints[it.parked_on.raw].parking.contexts.first.raw != 0;
}

}  // namespace pith
