// One step of taking each kind of object apart: links are cut on both sides, counts go back, waiting threads are told.
#include "spec/parts.h"

namespace pith::spec {

namespace {

constexpr u32 kEntriesPerStep = 10;

/// An entry of a leaf table or share: the frame is used once less.
void drop_leaf(Entry& entry) {
  if (entry.present && !entry.device) frames[entry.frame].uses--;
  entry = {};
}

/// An entry of an inner table: the table below stands alone afterwards. One that is not linked here is a spare.
void drop_inner(FrameNumber table, Entry& entry) {
  Frame& below = frames[entry.frame];
  if (entry.present && below.parent == table) {
    below.parent = FrameNumber();
    below.index = 0;
  } else if (entry.present) {
    below.uses--;
  }
  entry = {};
}

/// 32 entries a step; a table that is linked is taken out first.
Progress dismantle_page_table(FrameNumber frame) {
  Frame& entry = frames[frame];
  bool is_top = entry.level == kLevels - 1;
  if (is_top && entry.parent.raw != 0) return Progress::Blocked;  // its address space goes first
  if (entry.uses != 0) return Progress::Blocked;
  if (entry.parent.raw != 0) {
    page_tables[entry.parent].entry[entry.index] = {};
    entry.parent = FrameNumber();
    entry.generation = state.generation;
  }
  if (!is_flushed(entry.generation)) return Progress::More;  // a running program must not see it being emptied
  u32 end = is_top ? kUserTopEntries : kEntries;
  for (u32 i = 0; i < kEntriesPerStep && entry.cursor < end; i++, entry.cursor++) {
    Entry& here = page_tables[frame].entry[entry.cursor];
    if (entry.level == 0)
      drop_leaf(here);
    else
      drop_inner(frame, here);
  }
  return entry.cursor < end ? Progress::More : Progress::Done;
}

Progress dismantle_share(FrameNumber frame) {
  Frame& entry = frames[frame];
  if (entry.parent.raw != 0) unlink(frame);
  if (!is_flushed(entry.generation)) return Progress::More;
  for (u32 i = 0; i < kEntriesPerStep && entry.cursor < kEntries; i++, entry.cursor++) drop_leaf(page_tables[frame].entry[entry.cursor]);
  return entry.cursor < kEntries ? Progress::More : Progress::Done;
}

/// A step towards taking the thread out of its spaces: it stops, then it is taken out.
void part_from_thread(FrameNumber thread) {
  if (threads[thread].state != ThreadState::Inactive)
    stop_or_ask(thread);
  else
    detach(thread);
}

/// The thread that has been there longest goes first, then one guest a step.
Progress dismantle_address_space(FrameNumber frame) {
  FrameNumber thread(spec_first_thread_of_space(frame.raw)), guest(spec_first_guest_of_space(frame.raw));
  if (thread.raw != 0) {
    part_from_thread(thread);
    return Progress::More;
  }
  if (guest.raw != 0) {
    (void)detach_guest(guest);
    return Progress::More;
  }
  frames[address_spaces[frame].top].parent = FrameNumber();
  return Progress::Done;
}

/// The thread that has been there longest goes first, then ten tables a step.
Progress dismantle_capability_space(FrameNumber frame) {
  FrameNumber thread(spec_first_thread_of_capabilities(frame.raw));
  if (thread.raw != 0) {
    part_from_thread(thread);
    return Progress::More;
  }
  Frame& entry = frames[frame];
  for (u32 i = 0; i < kEntriesPerStep && entry.cursor < kTablesPerSpace; i++, entry.cursor++) {
    FrameNumber table = capability_spaces[frame].table[entry.cursor];
    if (table.raw == 0) continue;
    frames[table].parent = FrameNumber();
    frames[table].index = 0;
    capability_spaces[frame].table[entry.cursor] = FrameNumber();
  }
  return entry.cursor < kTablesPerSpace ? Progress::More : Progress::Done;
}

Progress dismantle_capability_table(FrameNumber frame) {
  Frame& entry = frames[frame];
  if (entry.parent.raw != 0) capability_spaces[entry.parent].table[entry.index] = FrameNumber();
  entry.parent = FrameNumber();
  return Progress::Done;
}

Progress dismantle_thread(FrameNumber frame) {
  Thread& thread = threads[frame];
  if (state.cpus[state.here].current == frame) return Progress::Blocked;  // nobody takes itself apart
  if (thread.endpoint.raw != 0) {
    unbind_server(thread.endpoint);
    return Progress::More;
  }
  if (thread.client.raw != 0) {
    stop_or_ask(frame);
    return Progress::More;
  }
  if (!stop_or_ask(frame)) return Progress::More;
  if (thread.scheduling_context.raw != 0) unbind_context(thread.scheduling_context);
  if (spec_has_parked_time(frame.raw)) return Progress::More;
  part_from_guest(frame);
  if (thread.notification.raw != 0) unbind_notification(thread.notification);
  if (!release_vector_state(thread.vector_state)) return Progress::More;
  detach(frame);
  if (state.cpus[state.here].current == frame) state.cpus[state.here].current = FrameNumber();
  return Progress::Done;
}

/// One call a step. Nobody will ever resume a fault whose handler is gone: that thread stays inactive.
Progress dismantle_endpoint(FrameNumber frame) {
  if (endpoints[frame].server.raw != 0) {
    unbind_server(frame);
    return Progress::More;
  }
  FrameNumber caller(spec_first_waiting(frame.raw));
  if (caller.raw == 0) caller = FrameNumber(spec_first_set_aside(frame.raw));
  if (caller.raw != 0 && threads[caller].faulted)
    stop(caller);
  else if (caller.raw != 0)
    cancel_wait(caller, Error::Cancelled);
  if (spec_first_waiting(frame.raw) != 0 || spec_first_set_aside(frame.raw) != 0) return Progress::More;
  return spec_has_parked_time(frame.raw) ? Progress::More : Progress::Done;
}

Progress dismantle_notification(FrameNumber frame) {
  if (notifications[frame].waiter.raw != 0) cancel_wait(notifications[frame].waiter, Error::Cancelled);
  unbind_notification(frame);
  return Progress::Done;
}

Progress dismantle_interrupt(FrameNumber frame) {
  state.lines[interrupts[frame].line] = {.interrupt = FrameNumber(), .masked = true};
  return Progress::Done;
}

}  // namespace

Progress dismantle(FrameNumber frame) {
  switch (frames[frame].type) {
    case ObjectType::Data:
      return frames[frame].uses == 0 ? Progress::Done : Progress::Blocked;
    case ObjectType::PageTable:
      return dismantle_page_table(frame);
    case ObjectType::Share:
      return dismantle_share(frame);
    case ObjectType::Region:
      if (regions[frame].frames != 0) return Progress::Blocked;
      regions[frames[frame].owner].time_given -= time_cost(frame);
      return Progress::Done;
    case ObjectType::AddressSpace:
      return dismantle_address_space(frame);
    case ObjectType::CapabilitySpace:
      return dismantle_capability_space(frame);
    case ObjectType::CapabilityTable:
      return dismantle_capability_table(frame);
    case ObjectType::Thread:
      return dismantle_thread(frame);
    case ObjectType::SchedulingContext:
      if (scheduling_contexts[frame].thread.raw != 0) unbind_context(frame);
      regions[frames[frame].owner].time_given -= scheduling_contexts[frame].share;
      return Progress::Done;
    case ObjectType::Endpoint:
      return dismantle_endpoint(frame);
    case ObjectType::Notification:
      return dismantle_notification(frame);
    case ObjectType::Interrupt:
      return dismantle_interrupt(frame);
    case ObjectType::IoPorts:
      return Progress::Done;
    case ObjectType::Guest:
      return detach_guest(frame) && release_vector_state(guests[frame].vector_state) ? Progress::Done : Progress::More;
    case ObjectType::VectorState:
      return release_vector_state(frame) ? Progress::Done : Progress::More;
    case ObjectType::Platform:
    case ObjectType::Untyped:
    case ObjectType::Reserved:
      return Progress::Blocked;
  }
  return Progress::Blocked;
}

}  // namespace pith::spec
