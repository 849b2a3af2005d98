// What no operation does, whoever asks for it: the kernel's guarantees as comparisons of two states.
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/page_table.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/cpu.h"
#include "spec/invariants/property.h"

namespace pith {

// ---- frames: type, owner, epoch ----

PROPERTY(type_changes_only_from_or_to_untyped, FrameNumber frame) {
  FOR_ALL(frame);
  ObjectType before = old([=] { return info_at(frame).type; });
  ObjectType after = info_at(frame).type;
  return before == after || before == ObjectType::Untyped || after == ObjectType::Untyped;
}
PROPERTY(reserved_memory_stays_reserved, FrameNumber frame) {
  FOR_ALL(frame);
  ObjectType before = old([=] { return info_at(frame).type; });
  return (before == ObjectType::Reserved) == (info_at(frame).type == ObjectType::Reserved);
}
/// A capability that is stale stays stale.
PROPERTY(epochs_only_grow, FrameNumber frame) {
  FOR_ALL(frame);
  return old([=] { return epoch_at(frame); }) <= epoch_at(frame);
}
/// Whatever named the object names nothing any more.
PROPERTY(object_that_ends_is_revoked, FrameNumber frame) {
  FOR_ALL(frame);
  bool existed = old([=] { return info_at(frame).type != ObjectType::Untyped; });
  GIVEN(existed && info_at(frame).type == ObjectType::Untyped);
  return old([=] { return epoch_at(frame); }) < epoch_at(frame);
}
PROPERTY(object_keeps_its_owner, FrameNumber frame) {
  FOR_ALL(frame);
  GIVEN(info_at(frame).type != ObjectType::Untyped);
  return old([=] { return info_at(frame).owner; }) == info_at(frame).owner;
}
/// What the first region gives away goes to one of its children.
PROPERTY(memory_leaves_the_first_region_for_a_child_only, FrameNumber frame) {
  FOR_ALL(frame);
  FrameNumber before = old([=] { return info_at(frame).owner; });
  FrameNumber after = info_at(frame).owner;
  GIVEN(before != after && is_at<Region>(after) && was<Region>(before));
  GIVEN(old([=] { return at<Region>(before).parent.raw == 0; }));
  return at<Region>(after).parent == before;
}
/// No processor remembers a translation of what the frame was before.
PROPERTY(object_begins_in_a_frame_that_is_forgotten, FrameNumber frame, CpuIndex cpu) {
  FOR_ALL(frame, cpu);
  bool was_untyped = old([=] { return info_at(frame).type == ObjectType::Untyped; });
  GIVEN(was_untyped && info_at(frame).type != ObjectType::Untyped);
  const Cpu& it = cpu_at(cpu);
  return cpu.raw >= cpu_count || it.idle || it.flushed_generation > old([=] { return info_at(frame).generation; });
}

// ---- a new object is all zero where it matters ----

PROPERTY(new_capability_table_is_empty, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  GIVEN(!was<CapabilityTable>(table));
  return at<CapabilityTable>(table).slot[slot.raw].word == 0;
}
PROPERTY(new_capability_space_is_empty, Of<CapabilitySpace> space, TableIndex index) {
  FOR_ALL(space, index);
  GIVEN(!was<CapabilitySpace>(space));
  return at<CapabilitySpace>(space).table[index.raw].raw == 0;
}
PROPERTY(new_page_table_maps_nothing, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  GIVEN(!was<PageTable>(table));
  GIVEN(info_at(table).level != arch::kPageTableLevels - 1 || index.raw < arch::kUserTopEntries);
  return !at<PageTable>(table).entry[index.raw].is_present();
}
PROPERTY(new_share_maps_no_memory, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  GIVEN(!was<Share>(share));
  return !at<Share>(share).entry[index.raw].is_present() || at<Share>(share).entry[index.raw].is_device();
}
PROPERTY(new_thread_does_nothing, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(!was<Thread>(thread));
  return at<Thread>(thread).state == ThreadState::Inactive;
}
PROPERTY(new_thread_has_no_authority, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(!was<Thread>(thread));
  return at<Thread>(thread).capabilities.raw == 0;
}
PROPERTY(new_context_has_no_time, Of<SchedulingContext> context) {
  FOR_ALL(context);
  GIVEN(!was<SchedulingContext>(context));
  return at<SchedulingContext>(context).left == 0;
}
PROPERTY(new_endpoint_has_no_server, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  GIVEN(!was<Endpoint>(endpoint));
  return at<Endpoint>(endpoint).server.raw == 0;
}

// ---- regions ----

PROPERTY(region_never_opens_again, Of<Region> region) {
  FOR_ALL(region);
  GIVEN(was<Region>(region) && old([=] { return at<Region>(region).closing != 0; }));
  return at<Region>(region).closing != 0;
}
PROPERTY(nothing_is_made_in_a_closing_region, FrameNumber frame) {
  FOR_ALL(frame);
  FrameNumber owner = info_at(frame).owner;
  bool was_untyped = old([=] { return info_at(frame).type == ObjectType::Untyped; });
  GIVEN(was_untyped && info_at(frame).type != ObjectType::Untyped && is_at<Region>(owner) && was<Region>(owner));
  return old([=] { return at<Region>(owner).closing == 0; });
}
PROPERTY(region_keeps_its_parent, Of<Region> region) {
  FOR_ALL(region);
  GIVEN(was<Region>(region));
  return old([=] { return at<Region>(region).parent; }) == at<Region>(region).parent;
}
PROPERTY(region_keeps_its_ceiling, Of<Region> region) {
  FOR_ALL(region);
  GIVEN(was<Region>(region));
  return old([=] { return at<Region>(region).priority_ceiling; }) == at<Region>(region).priority_ceiling;
}

// ---- capabilities ----

/// What is in a slot stays as it is until it is taken out: rights do not grow in place.
PROPERTY(slot_in_use_is_not_written, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  GIVEN(was<CapabilityTable>(table));
  u64 before = old([=] { return at<CapabilityTable>(table).slot[slot.raw].word; });
  u64 after = at<CapabilityTable>(table).slot[slot.raw].word;
  return before == 0 || after == 0 || before == after;
}
PROPERTY(slot_in_use_keeps_its_frame, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  GIVEN(was<CapabilityTable>(table));
  u64 before = old([=] { return at<CapabilityTable>(table).slot[slot.raw].word; });
  GIVEN(before != 0 && at<CapabilityTable>(table).slot[slot.raw].word != 0);
  return old([=] { return at<CapabilityTable>(table).slot[slot.raw].frame; }) == at<CapabilityTable>(table).slot[slot.raw].frame;
}
PROPERTY(slot_in_use_keeps_its_badge, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  GIVEN(was<CapabilityTable>(table));
  u64 before = old([=] { return at<CapabilityTable>(table).slot[slot.raw].word; });
  GIVEN(before != 0 && at<CapabilityTable>(table).slot[slot.raw].word != 0);
  return old([=] { return at<CapabilityTable>(table).slot[slot.raw].badge; }) == at<CapabilityTable>(table).slot[slot.raw].badge;
}
/// Nobody receives what is stale.
PROPERTY(slot_is_filled_with_live_capabilities, Of<CapabilityTable> table, SlotIndex slot) {
  FOR_ALL(table, slot);
  u64 before = !was<CapabilityTable>(table) ? 0 : old([=] { return at<CapabilityTable>(table).slot[slot.raw].word; });
  const Capability& after = at<CapabilityTable>(table).slot[slot.raw];
  GIVEN(before == 0 && after.word != 0 && after.frame.raw < frame_count);
  return after.word >> 16 == epoch_at(after.frame) >> 16;
}

// ---- threads ----

/// Where a thread runs and what it may do changes while it is stopped only.
PROPERTY(space_changes_while_stopped, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread) && old([=] { return at<Thread>(thread).space; }) != at<Thread>(thread).space);
  return at<Thread>(thread).state == ThreadState::Inactive;
}
PROPERTY(capabilities_change_while_stopped, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread) && old([=] { return at<Thread>(thread).capabilities; }) != at<Thread>(thread).capabilities);
  return at<Thread>(thread).state == ThreadState::Inactive;
}
PROPERTY(thread_keeps_its_ceiling, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread));
  return old([=] { return at<Thread>(thread).priority_ceiling; }) == at<Thread>(thread).priority_ceiling;
}
/// A thread that could run and stays so is not written to by anybody else, unless it was in its guest, from where it may be called back.
PROPERTY(ready_thread_keeps_its_place, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread) && old([=] { return at<Thread>(thread).state == ThreadState::Ready; }));
  GIVEN(old([=] { return this_cpu_at().current != &threads[thread.raw]; }));
  GIVEN(at<Thread>(thread).state == ThreadState::Ready);
  return old([=] { return at<Thread>(thread).instruction; }) == at<Thread>(thread).instruction;
}
PROPERTY(ready_thread_keeps_its_result, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread) && old([=] { return at<Thread>(thread).state == ThreadState::Ready && (at<Thread>(thread).key & Key::kInGuest) == 0; }));
  GIVEN(old([=] { return this_cpu_at().current != &threads[thread.raw]; }));
  GIVEN(at<Thread>(thread).state == ThreadState::Ready);
  return old([=] { return at<Thread>(thread).result; }) == at<Thread>(thread).result;
}
/// A call is answered once: when it has ended its server has no way back to it.
PROPERTY(answered_call_is_forgotten_by_its_server, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread) && old([=] { return at<Thread>(thread).state == ThreadState::WaitingForReply; }));
  GIVEN(at<Thread>(thread).state != ThreadState::WaitingForReply);
  FrameNumber server = old([=] { return at<Thread>(thread).callee; });
  return !is_at<Thread>(server) || at<Thread>(server).client != thread;
}
/// So that a token fits one setting aside only.
PROPERTY(set_aside_number_only_grows, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread));
  return old([=] { return at<Thread>(thread).set_aside_number; }) <= at<Thread>(thread).set_aside_number;
}
PROPERTY(setting_aside_takes_a_new_number, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(was<Thread>(thread) && old([=] { return at<Thread>(thread).state == ThreadState::WaitingForReply; }));
  GIVEN(at<Thread>(thread).state == ThreadState::SetAside);
  return old([=] { return at<Thread>(thread).set_aside_number; }) < at<Thread>(thread).set_aside_number;
}

// ---- time ----

/// How much comes back at once: never more than the budget. That nothing is made of nothing is the invariant budget_is_conserved.
PROPERTY(time_comes_back_within_the_budget, Of<SchedulingContext> context) {
  FOR_ALL(context);
  GIVEN(was<SchedulingContext>(context));
  u64 before = old([=] { return at<SchedulingContext>(context).left; });
  const SchedulingContext& it = at<SchedulingContext>(context);
  return it.left <= before || it.left <= it.budget;
}
PROPERTY(time_used_only_grows, Of<SchedulingContext> context) {
  FOR_ALL(context);
  GIVEN(was<SchedulingContext>(context));
  return old([=] { return at<SchedulingContext>(context).used; }) <= at<SchedulingContext>(context).used;
}
PROPERTY(budget_of_bound_time_is_fixed, Of<SchedulingContext> context) {
  FOR_ALL(context);
  GIVEN(was<SchedulingContext>(context) && old([=] { return at<SchedulingContext>(context).thread.raw != 0; }));
  GIVEN(at<SchedulingContext>(context).thread.raw != 0);
  return old([=] { return at<SchedulingContext>(context).budget; }) == at<SchedulingContext>(context).budget;
}

// ---- what never changes in an object ----

PROPERTY(table_keeps_its_level, Of<PageTable> table) {
  FOR_ALL(table);
  GIVEN(was<PageTable>(table));
  return old([=] { return u32(info_at(table).level); }) == info_at(table).level;
}
PROPERTY(interrupt_keeps_its_line, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  GIVEN(was<Interrupt>(interrupt));
  return old([=] { return at<Interrupt>(interrupt).line; }) == at<Interrupt>(interrupt).line;
}
PROPERTY(ports_stay_the_same, Of<IoPorts> ports) {
  FOR_ALL(ports);
  GIVEN(was<IoPorts>(ports));
  return old([=] { return at<IoPorts>(ports).first; }) == at<IoPorts>(ports).first;
}
PROPERTY(kernel_part_of_a_space_stays_the_same, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  GIVEN(was<PageTable>(table) && info_at(table).level == arch::kPageTableLevels - 1 && index.raw >= arch::kUserTopEntries);
  u64 before = old([=] { return __builtin_bit_cast(u64, at<PageTable>(table).entry[index.raw]); });
  return before == __builtin_bit_cast(u64, at<PageTable>(table).entry[index.raw]);
}
/// What a page is mapped as changes only where the page does, or by protect, which never takes memory of another region.
PROPERTY(device_share_stays_the_same, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  GIVEN(was<Share>(share) && info_at(share).level == 1 && at<Share>(share).entry[index.raw].is_present());
  u64 before = old([=] { return __builtin_bit_cast(u64, at<Share>(share).entry[index.raw]); });
  return before == __builtin_bit_cast(u64, at<Share>(share).entry[index.raw]);
}

}  // namespace pith
