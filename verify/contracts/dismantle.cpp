// Contracts: taking objects apart, and taking their frames back.
#include "kernel/object/dismantle.h"

#include "kernel/memory/flush.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/notification.h"
#include "kernel/object/page_table.h"
#include "kernel/object/vector_state.h"
#include "verify/contracts/contract.h"
#include "verify/machine.h"

namespace pith {

/// What an entry maps that is taken out is used once less.
RELATION(page_that_is_dropped_is_used_once_less, Of<PageTable> table, EntryIndex index) {
  FOR_ALL(table, index);
  arch::PageTableEntry entry = old([=] { return at<PageTable>(table).entry[index.raw]; });
  GIVEN(info_at(table).level == 0 && entry.is_present() && !at<PageTable>(table).entry[index.raw].is_present());
  return old([=] { return info_at(entry.frame()).uses; }) - 1 == info_at(entry.frame()).uses;
}
RELATION(shared_page_that_is_dropped_is_used_once_less, Of<Share> share, EntryIndex index) {
  FOR_ALL(share, index);
  arch::PageTableEntry entry = old([=] { return at<Share>(share).entry[index.raw]; });
  GIVEN(info_at(share).level == 0 && entry.is_present() && !at<Share>(share).entry[index.raw].is_present());
  return old([=] { return info_at(entry.frame()).uses; }) - 1 == info_at(entry.frame()).uses;
}

RELATION(processors_go_on_with_their_threads, CpuIndex cpu) {
  FOR_ALL(cpu);
  return old([=] { return cpu_at(cpu).current; }) == cpu_at(cpu).current;
}

// Who runs here, if it can go on, finds the machine as it was left to it.
RELATION(who_runs_keeps_its_translations, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(this_cpu_at().current == &threads[thread.raw] && at<Thread>(thread).state == ThreadState::Ready);
  GIVEN(old([=] { return has_own_translations(at<Thread>(thread)); }));
  return has_own_translations(at<Thread>(thread));
}
RELATION(who_runs_keeps_its_vector_registers, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(this_cpu_at().current == &threads[thread.raw]);
  GIVEN(old([=] { return has_own_vectors(at<Thread>(thread).vector_state) && has_vectors_as_its_key_says(at<Thread>(thread)); }));
  return has_own_vectors(at<Thread>(thread).vector_state);
}
RELATION(key_of_who_runs_says_whether_vector_registers_can_be_used, Of<Thread> thread) {
  FOR_ALL(thread);
  GIVEN(this_cpu_at().current == &threads[thread.raw]);
  GIVEN(old([=] { return has_own_vectors(at<Thread>(thread).vector_state) && has_vectors_as_its_key_says(at<Thread>(thread)); }));
  return has_vectors_as_its_key_says(at<Thread>(thread));
}

/// What is an object stays one, and nothing becomes one.
RELATION(only_data_changes_its_type, FrameNumber frame) {
  FOR_ALL(frame);
  ObjectType before = old([=] { return info_at(frame).type; }), after = info_at(frame).type;
  return after == before || (before == ObjectType::Data && after == ObjectType::Untyped);
}

namespace {

/// The kernel is whole before and after, as if it were an operation of its own.
[[gnu::always_inline]] inline void is_whole_step() {
  verify_keep_all();
  verify_obey_all();
}

[[gnu::always_inline]] inline bool exists(FrameNumber frame) { return frame.raw != 0 && frame.raw < frame_count; }

/// What is left of a budget and what comes back.
[[gnu::always_inline]] inline void forget_budgets() {
  forget(scheduling_contexts[0].used);
  forget(scheduling_contexts[0].left);
  forget(scheduling_contexts[0].debt);
  forget(scheduling_contexts[0].pending[0]);
  forget(scheduling_contexts[0].first_pending);
  forget(scheduling_contexts[0].pending_count);
  forget(cpus[0].last_accounted);
}

}  // namespace

extern "C" {

/// It says nothing of what else becomes of what the object was tied to; only the frame itself changes its type.
u32 contract_dismantle(FrameNumber frame) {
  forget(threads[0]);
  forget(endpoints[0]);
  forget(notifications[0]);
  forget(scheduling_contexts[0]);
  forget(guests[0]);
  forget(vector_states[0]);
  forget(address_spaces[0].threads);
  forget(address_spaces[0].guests);
  forget(capability_spaces[0]);
  forget(page_tables[0]);
  forget(shares[0]);
  forget(regions[0].time_given);
  forget(interrupt_lines);
  forget_queues();
  forget_rechecks();
  forget_wheels();
  forget(cpus[0].current);
  forget(cpus[0].context);
  forget(cpus[0].last_accounted);
  forget(cpus[0].flushed_generation);
  forget(cpus[0].vector_live);
  forget(cpus[0].vector_owner);
  raise(cpus[0].vector_wanted);
  forget(vector_units[0]);
  forget(translation_roots[0]);
  forget(cpus[0].heavy_entry);
  forget(flushes);
  forget(frames[0].index);
  forget(frames[0].parent);
  forget(frames[0].uses);
  forget(frames[0].cursor);
  forget(frames[0].generation);
  is_whole_step();
  verify_obey("processors_go_on_with_their_threads");
  verify_obey("who_runs_keeps_its_translations");
  verify_obey("who_runs_keeps_its_vector_registers");
  verify_obey("key_of_who_runs_says_whether_vector_registers_can_be_used");
  verify_expect(is_started(this_cpu()) && exists(frame));
  FrameInfo& entry = info(frame);
  verify_expect(entry.type != ObjectType::Untyped && entry.type != ObjectType::Reserved && is<Region>(entry.owner));
  u32 progress = verify_any_word();
  verify_promise(progress <= u32(Progress::Blocked));
  bool is_done = progress == u32(Progress::Done);
  verify_promise(!is_done || &threads[frame.raw] != this_cpu().current);
  entry.type = is_done ? ObjectType::Untyped : entry.type;
  epochs[frame.raw] += is_done ? kEpochStep : 0;
  return progress;
}
/// Each type is proved by itself.
#define DISMANTLE_OF(type_name)                                                          \
  u32 entry_contract_dismantle_of_##type_name(FrameNumber frame) {                       \
    running_cpu();                                                                       \
    verify_assume(frame.raw < frame_count && info(frame).type == ObjectType::type_name); \
    return u32(dismantle(frame));                                                        \
  }
DISMANTLE_OF(Data)
DISMANTLE_OF(PageTable)
DISMANTLE_OF(Region)
DISMANTLE_OF(AddressSpace)
DISMANTLE_OF(CapabilitySpace)
DISMANTLE_OF(CapabilityTable)
DISMANTLE_OF(Thread)
DISMANTLE_OF(SchedulingContext)
DISMANTLE_OF(Endpoint)
DISMANTLE_OF(Notification)
DISMANTLE_OF(Share)
DISMANTLE_OF(Interrupt)
DISMANTLE_OF(IoPorts)
DISMANTLE_OF(Guest)
DISMANTLE_OF(VectorState)
u32 entry_contract_dismantle_of_others(FrameNumber frame) {
  running_cpu();
  verify_assume(frame.raw < frame_count && (u32(info(frame).type) > u32(ObjectType::VectorState) || u32(info(frame).type) == 0));
  return u32(dismantle(frame));
}

void contract_drop_entry(FrameNumber table) {
  forget(page_tables[0]);
  forget(frames[0].parent);
  forget(frames[0].index);
  forget(frames[0].uses);
  is_whole_step();
  verify_obey("page_that_is_dropped_is_used_once_less");
  verify_expect(is<PageTable>(table) && info(table).parent.raw == 0 && info(table).uses == 0);
  FrameInfo& entry = info(table);
  u32 end = entry.level == arch::kPageTableLevels - 1 ? arch::kUserTopEntries : kPageTableEntries;
  if (entry.cursor < end) entry.cursor++;
}
void entry_contract_drop_entry(Of<PageTable> table) {
  running_cpu();
  drop_entry(table);
}

void contract_drop_shared_entry(FrameNumber share) {
  forget(shares[0]);
  forget(frames[0].uses);
  is_whole_step();
  verify_obey("shared_page_that_is_dropped_is_used_once_less");
  verify_expect(is<Share>(share));
  FrameInfo& entry = info(share);
  if (entry.cursor < kPageTableEntries) entry.cursor++;
}
void entry_contract_drop_shared_entry(Of<Share> share) {
  running_cpu();
  drop_shared_entry(share);
}

void contract_drop_capability_table(FrameNumber space) {
  forget(capability_spaces[0].table[0]);
  forget(frames[0].parent);
  forget(frames[0].index);
  is_whole_step();
  verify_expect(is<CapabilitySpace>(space));
  FrameInfo& entry = info(space);
  if (entry.cursor < kTablesPerSpace) entry.cursor++;
}
void entry_contract_drop_capability_table(Of<CapabilitySpace> space) {
  running_cpu();
  drop_capability_table(space);
}

/// It says nothing of what the thread used until now.
void contract_unbind_context(FrameNumber frame) {
  forget_queues();
  forget_budgets();
  is_whole_step();
  verify_expect(is_started(this_cpu()) && is<SchedulingContext>(frame));
  SchedulingContext& context = scheduling_contexts[frame.raw];
  verify_expect(context.thread.raw != 0);
  Cpu& cpu = cpus[context.cpu];
  contract_disarm_timer(frame);
  if (context.place == Whereabouts::Parked || context.place == Whereabouts::AtDoor) context.parked_on = FrameNumber();
  context.place = Whereabouts::Nowhere;
  if (cpu.context == frame) {
    cpu.context = FrameNumber();
    cpu.reschedule = true;
  }
  Thread& thread = threads[context.thread.raw];
  contract_recheck_below(thread);
  thread.scheduling_context = FrameNumber();
  context.thread = FrameNumber();
}
void entry_contract_unbind_context(FrameNumber frame) {
  running_cpu();
  unbind_context(frame);
}

bool contract_cancel_wait(Thread& thread, Error error) {
  is_whole_step();
  verify_expect(is_started(this_cpu()));
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  bool is_call = thread.state == ThreadState::Calling || thread.state == ThreadState::SetAside;
  if (is_call && (thread.key & Key::kFaulted) != 0) return false;
  if (!is_call && thread.state != ThreadState::Waiting && thread.state != ThreadState::Receiving) return false;
  if (thread.state == ThreadState::Waiting) notifications[thread.waiting_at.raw].waiter = FrameNumber();
  if (is_call) {
    contract_recheck_below(thread);
    contract_withdraw_call(thread);
  }
  contract_complete(thread, error_status(error));
  return true;
}
bool entry_contract_cancel_wait(Of<Thread> thread, Error error) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  return cancel_wait(threads[thread.raw], error);
}

bool contract_release_vector_state(FrameNumber frame) {
  forget(vector_states[0].image);
  is_whole_step();
  Cpu& cpu = this_cpu();
  verify_expect(is_started(cpu) && (frame.raw == 0 || is<VectorState>(frame)));
  if (frame.raw == 0) return true;
  VectorState& state = vector_states[frame.raw];
  bool is_threads = state.user.raw != 0 && info(state.user).type == ObjectType::Thread;
  if (state.holder != 0) {
    if (state.holder != cpu.number + 1) {
      cpus[(state.holder - 1) % kMaximumCpus].vector_wanted = true;
      return false;
    }
    cpu.vector_live = 0;
    cpu.vector_owner = FrameNumber();
    verify_vectors()->allowed = 0;
    state.holder = 0;
    if (is_threads) threads[state.user.raw].key &= ~Key::kVectorLive;
  }
  if (state.user.raw == 0) return true;
  if (is_threads)
    threads[state.user.raw].vector_state = FrameNumber();
  else
    guests[state.user.raw].vector_state = FrameNumber();
  state.user = FrameNumber();
  return true;
}
bool entry_contract_release_vector_state(FrameNumber frame) {
  running_cpu();
  return release_vector_state(frame);
}

void contract_cut_ties(Thread& thread) {
  is_whole_step();
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  verify_expect(thread.state == ThreadState::Inactive && thread.vector_state.raw == 0);
  part_from_guest(thread);
  if (thread.notification.raw != 0) contract_unbind_notification(notifications[thread.notification.raw]);
  contract_detach_thread(thread);
}
void entry_contract_cut_ties(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  cut_ties(threads[thread.raw]);
}

// ---- frames ----

bool contract_is_closed_below(FrameNumber above, FrameNumber region) {
  verify_require("region_parent_is_typed");
  verify_require("region_is_one_deeper_than_its_parent");
  verify_require("region_depth_is_bounded");
  verify_expect(is<Region>(above) && (region.raw == 0 || is<Region>(region)));
  bool answer = verify_any_bit();
  const Region& it = regions[region.raw != 0 ? region.raw : above.raw];  // frame 0 is no region
  verify_promise(!answer || (region.raw != 0 && it.parent.raw != 0 && it.depth > regions[above.raw].depth));
  return answer;
}
bool entry_contract_is_closed_below(FrameNumber above, FrameNumber region) {
  running_cpu();
  return is_closed_below(above, region);
}

bool contract_take_back(FrameNumber frame, FrameNumber region) {
  forget(frames[0].cursor);
  forget(frames[0].generation);
  forget(regions[0].frames);
  is_whole_step();
  verify_expect(exists(frame) && is<Region>(region) && is<Region>(info(frame).owner));
  FrameInfo& entry = info(frame);
  verify_expect(entry.type == ObjectType::Data || entry.type == ObjectType::Untyped);
  verify_expect(regions[entry.owner.raw].parent.raw != 0);
  if (entry.type == ObjectType::Data) {
    if (entry.uses != 0) return false;
    entry.type = ObjectType::Untyped;
    epochs[frame.raw] += kEpochStep;
  }
  entry.owner = region;
  return true;
}
bool entry_contract_take_back(FrameNumber frame, FrameNumber region) {
  running_cpu();
  return take_back(frame, region);
}

/// It says nothing of which frames are taken back.
TakenBack contract_take_back_in_a_row(FrameNumber first, u64 count, FrameNumber owner, bool is_closed, FrameNumber region) {
  forget(frames[0].type);
  forget(frames[0].owner);
  forget(frames[0].cursor);
  forget(frames[0].generation);
  forget(epochs[0]);
  forget(regions[0].frames);
  is_whole_step();
  verify_obey("only_data_changes_its_type");
  verify_expect(first.raw != 0 && count <= frame_count && first.raw + count <= frame_count);
  verify_expect(is<Region>(region));
  verify_expect(!is_closed || (is<Region>(owner) && regions[owner.raw].parent.raw != 0));
  return __builtin_bit_cast(TakenBack, verify_any());
}
TakenBack entry_contract_take_back_in_a_row(FrameNumber first, u64 count, FrameNumber owner, bool is_closed, FrameNumber region) {
  running_cpu();
  return take_back_in_a_row(first, count, owner, is_closed, region);
}

}  // extern "C"

}  // namespace pith
