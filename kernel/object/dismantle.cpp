// One bounded step of taking each kind of object apart: links are cut on both sides, counts go back, waiting threads are told.
#include "kernel/object/dismantle.h"

#include "kernel/arch/contract/interrupts.h"
#include "kernel/memory/flush.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"

namespace pith {

namespace {

constexpr u32 kEntriesPerStep = 10;

/// How many entries of a page table user space has a say in.
u32 entries_of(const FrameInfo& table) { return table.level == arch::kPageTableLevels - 1 ? arch::kUserTopEntries : kPageTableEntries; }

Progress dismantle_page_table(FrameNumber frame) {
  FrameInfo& entry = info(frame);
  if (entry.level == arch::kPageTableLevels - 1 && entry.parent.raw != 0) return Progress::Blocked;  // its address space goes first
  if (entry.uses != 0) return Progress::Blocked;
  if (entry.parent.raw != 0) {
    view<PageTable>(entry.parent).entry[entry.index] = {};
    entry.parent = FrameNumber();
    entry.generation = current_generation();
    return Progress::More;
  }
  if (!is_flushed(entry.generation)) return Progress::More;  // a running program must not see the table being emptied
  if (entry.cursor >= entries_of(entry)) return Progress::Done;
  for (u32 i = 0; i < kEntriesPerStep; i++) drop_entry(frame);
  return Progress::More;
}

Progress dismantle_share(FrameNumber frame) {
  FrameInfo& entry = info(frame);
  if (entry.parent.raw != 0) {
    unlink_share(frame);
    return Progress::More;
  }
  if (!is_flushed(entry.generation)) return Progress::More;  // whoever had linked it must not see it being emptied
  if (entry.cursor >= kPageTableEntries) return Progress::Done;
  for (u32 i = 0; i < kEntriesPerStep; i++) drop_shared_entry(frame);
  return Progress::More;
}

/// A step towards taking the thread out of its spaces.
void part_from_thread(Thread& thread) {
  if (thread.state != ThreadState::Inactive)
    stop_or_ask(thread);
  else
    detach_thread(thread);
}

Progress dismantle_address_space(FrameNumber frame) {
  AddressSpace& space = view<AddressSpace>(frame);
  if (!space.threads.is_empty()) {
    part_from_thread(view<Thread>(space.threads.first));
    return Progress::More;
  }
  if (!space.guests.is_empty()) {
    (void)detach_guest(view<Guest>(space.guests.first));
    return Progress::More;
  }
  arch::forget_root(arch::root_of(space.top));
  info(space.top).parent = FrameNumber();
  return Progress::Done;
}

Progress dismantle_capability_space(FrameNumber frame) {
  CapabilitySpace& space = view<CapabilitySpace>(frame);
  if (!space.threads.is_empty()) {
    part_from_thread(view<Thread>(space.threads.first));
    return Progress::More;
  }
  if (info(frame).cursor >= kTablesPerSpace) return Progress::Done;
  for (u32 i = 0; i < kEntriesPerStep; i++) drop_capability_table(frame);
  return Progress::More;
}

Progress dismantle_capability_table(FrameNumber frame) {
  FrameInfo& entry = info(frame);
  if (entry.parent.raw != 0) view<CapabilitySpace>(entry.parent).table[entry.index] = FrameNumber();
  entry.parent = FrameNumber();
  return Progress::Done;
}

/// Something refers to the thread, or it does something.
bool is_tied(const Thread& thread) {
  return thread.state != ThreadState::Inactive || thread.scheduling_context.raw != 0 || thread.space.raw != 0 || thread.guest.raw != 0 ||
         thread.notification.raw != 0;
}

Progress dismantle_thread(FrameNumber frame) {
  Thread& thread = view<Thread>(frame);
  if (this_cpu().current == &thread) return Progress::Blocked;  // it asks for this itself: its answer must have a place to go
  if (thread.endpoint.raw != 0) {
    unbind_server(view<Endpoint>(thread.endpoint));
    return Progress::More;
  }
  if (thread.vector_state.raw != 0) {
    (void)release_vector_state(thread.vector_state);
    return Progress::More;
  }
  if (thread.client.raw != 0) {
    stop_or_ask(thread);
    return Progress::More;
  }
  if (is_tied(thread)) {
    if (thread.state != ThreadState::Inactive && !stop_or_ask(thread)) return Progress::More;
    if (thread.scheduling_context.raw != 0) unbind_context(thread.scheduling_context);
    cut_ties(thread);
    return Progress::More;
  }
  // No chain of calls ends here from now on, so that time which is taken back is not parked here again.
  if (!thread.parking.contexts.is_empty()) {
    look_again(thread, 0);
    return Progress::More;
  }
  look_no_more(thread);
  return Progress::Done;
}

Progress dismantle_endpoint(FrameNumber frame) {
  Endpoint& endpoint = view<Endpoint>(frame);
  if (endpoint.server.raw != 0) {
    unbind_server(endpoint);
    return Progress::More;
  }
  if (endpoint.callers != 0 || !endpoint.set_aside_calls.is_empty()) {
    FrameNumber caller = endpoint.callers != 0 ? endpoint.queue[63 - __builtin_clzll(endpoint.callers)].first : endpoint.set_aside_calls.first;
    Thread& thread = view<Thread>(caller);
    // Nobody will ever resume a fault whose handler is gone: the thread stays inactive.
    if ((thread.key & Key::kFaulted) != 0)
      stop_thread(thread);
    else
      cancel_wait(thread, Error::Cancelled);
    return Progress::More;
  }
  if (!endpoint.parking.contexts.is_empty()) {
    recheck_door(endpoint);
    return Progress::More;
  }
  look_no_more_at_door(endpoint);
  return Progress::Done;
}

Progress dismantle_notification(FrameNumber frame) {
  Notification& notification = view<Notification>(frame);
  if (notification.waiter.raw != 0) {
    cancel_wait(view<Thread>(notification.waiter), Error::Cancelled);
    return Progress::More;
  }
  unbind_notification(notification);
  return Progress::Done;
}

Progress dismantle_scheduling_context(FrameNumber frame) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  if (context.thread.raw != 0) {
    unbind_context(frame);
    return Progress::More;
  }
  view<Region>(info(frame).owner).time_given -= context.share;
  return Progress::Done;
}

Progress dismantle_region(FrameNumber frame) {
  Region& region = view<Region>(frame);
  if (region.frames != 0) return Progress::Blocked;
  view<Region>(region.parent).time_given -= time_cost(region);
  return Progress::Done;
}

Progress dismantle_interrupt(FrameNumber frame) {
  Interrupt& interrupt = view<Interrupt>(frame);
  arch::mask_line(interrupt.line);
  interrupt_lines[interrupt.line] = FrameNumber();
  return Progress::Done;
}

Progress dismantle_guest(FrameNumber frame) {
  Guest& guest = view<Guest>(frame);
  if (guest.space.raw != 0 || guest.thread.raw != 0) {
    (void)detach_guest(guest);
    return Progress::More;
  }
  if (guest.vector_state.raw == 0) return Progress::Done;
  (void)release_vector_state(guest.vector_state);
  return Progress::More;
}

Progress dismantle_object(FrameNumber frame) {
  switch (info(frame).type) {
    case ObjectType::Data:
      return info(frame).uses == 0 ? Progress::Done : Progress::Blocked;
    case ObjectType::PageTable:
      return dismantle_page_table(frame);
    case ObjectType::Share:
      return dismantle_share(frame);
    case ObjectType::Region:
      return dismantle_region(frame);
    case ObjectType::AddressSpace:
      return dismantle_address_space(frame);
    case ObjectType::CapabilitySpace:
      return dismantle_capability_space(frame);
    case ObjectType::CapabilityTable:
      return dismantle_capability_table(frame);
    case ObjectType::Thread:
      return dismantle_thread(frame);
    case ObjectType::SchedulingContext:
      return dismantle_scheduling_context(frame);
    case ObjectType::Endpoint:
      return dismantle_endpoint(frame);
    case ObjectType::Notification:
      return dismantle_notification(frame);
    case ObjectType::Interrupt:
      return dismantle_interrupt(frame);
    case ObjectType::Guest:
      return dismantle_guest(frame);
    case ObjectType::VectorState:
      return release_vector_state(frame) ? Progress::Done : Progress::More;
    case ObjectType::IoPorts:
      return Progress::Done;
    case ObjectType::Platform:
    case ObjectType::Untyped:
    case ObjectType::Reserved:
      return Progress::Blocked;
  }
  return Progress::Blocked;
}

}  // namespace

[[gnu::noinline]] void drop_entry(FrameNumber frame) {
  FrameInfo& table = info(frame);
  if (table.cursor >= entries_of(table)) return;
  arch::PageTableEntry& entry = view<PageTable>(frame).entry[table.cursor];
  table.cursor++;
  if (!entry.is_present()) return;
  FrameInfo& below = info(entry.frame());
  entry = {};
  if (table.level != 0 && below.parent == frame) {
    below.parent = FrameNumber();
    below.index = 0;
  } else {
    below.uses--;  // a page, or a spare table in place of a revoked share
  }
}

[[gnu::noinline]] void drop_shared_entry(FrameNumber frame) {
  FrameInfo& share = info(frame);
  if (share.cursor >= kPageTableEntries) return;
  arch::PageTableEntry& entry = view<Share>(frame).entry[share.cursor];
  share.cursor++;
  if (entry.is_present() && !entry.is_device()) info(entry.frame()).uses--;
  entry = {};
}

[[gnu::noinline]] void drop_capability_table(FrameNumber frame) {
  FrameInfo& space = info(frame);
  if (space.cursor >= kTablesPerSpace) return;
  FrameNumber& table = view<CapabilitySpace>(frame).table[space.cursor];
  space.cursor++;
  if (table.raw == 0) return;
  info(table).parent = FrameNumber();
  info(table).index = 0;
  table = FrameNumber();
}

[[gnu::noinline]] void cut_ties(Thread& thread) {
  part_from_guest(thread);
  if (thread.notification.raw != 0) unbind_notification(view<Notification>(thread.notification));
  detach_thread(thread);
}

Progress dismantle(FrameNumber frame) {
  note_heavy_entry();
  Progress progress = dismantle_object(frame);
  if (progress == Progress::Done) release_frame(frame);
  return progress;
}

}  // namespace pith
