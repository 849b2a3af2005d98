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

/// Ten entries a step; a table that is linked is taken out first.
Progress dismantle_page_table(FrameNumber frame) {
  Frame& entry = frames[frame];
  bool is_top = entry.level == kLevels - 1;
  if (is_top && entry.parent.raw != 0) return Progress::Blocked;  // its address space goes first
  if (entry.uses != 0) return Progress::Blocked;
  if (entry.parent.raw != 0) {
    page_tables[entry.parent].entry[entry.index] = {};
    entry.parent = FrameNumber();
    entry.generation = state.generation;
    return Progress::More;
  }
  if (!spec_is_flushed(entry.generation)) return Progress::More;  // a running program must not see it being emptied
  u32 end = is_top ? kUserTopEntries : kEntries;
  if (entry.cursor >= end) return Progress::Done;
  for (u32 i = 0; i < kEntriesPerStep && entry.cursor < end; i++, entry.cursor++) {
    Entry& here = page_tables[frame].entry[entry.cursor];
    if (entry.level == 0)
      drop_leaf(here);
    else
      drop_inner(frame, here);
  }
  return Progress::More;
}

Progress dismantle_share(FrameNumber frame) {
  Frame& entry = frames[frame];
  if (entry.parent.raw != 0) {
    unlink(frame);
    return Progress::More;
  }
  if (!spec_is_flushed(entry.generation)) return Progress::More;
  if (entry.cursor >= kEntries) return Progress::Done;
  for (u32 i = 0; i < kEntriesPerStep && entry.cursor < kEntries; i++, entry.cursor++) drop_leaf(page_tables[frame].entry[entry.cursor]);
  return Progress::More;
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
  if (entry.cursor >= kTablesPerSpace) return Progress::Done;
  for (u32 i = 0; i < kEntriesPerStep && entry.cursor < kTablesPerSpace; i++, entry.cursor++) {
    FrameNumber table = capability_spaces[frame].table[entry.cursor];
    if (table.raw == 0) continue;
    frames[table].parent = FrameNumber();
    frames[table].index = 0;
    capability_spaces[frame].table[entry.cursor] = FrameNumber();
  }
  return Progress::More;
}

Progress dismantle_capability_table(FrameNumber frame) {
  Frame& entry = frames[frame];
  if (entry.parent.raw != 0) capability_spaces[entry.parent].table[entry.index] = FrameNumber();
  entry.parent = FrameNumber();
  return Progress::Done;
}

/// A thread without a client is stopped and loses its time and whatever else it is tied to in one step; time of others that is parked on it
/// goes elsewhere before it goes itself.
Progress dismantle_thread(FrameNumber frame) {
  Thread& thread = threads[frame];
  if (state.cpus[state.here].current == frame) return Progress::Blocked;  // nobody takes itself apart
  if (thread.endpoint.raw != 0) {
    unbind_server(thread.endpoint);
    return Progress::More;
  }
  if (thread.vector_state.raw != 0) {
    (void)release_vector_state(thread.vector_state);
    return Progress::More;
  }
  if (thread.client.raw != 0) {
    stop_or_ask(frame);
    return Progress::More;
  }
  bool is_active = thread.state != ThreadState::Inactive;
  if (is_active || thread.scheduling_context.raw != 0 || thread.space.raw != 0 || thread.guest.raw != 0 || thread.notification.raw != 0) {
    if (is_active && !stop_or_ask(frame)) return Progress::More;
    if (thread.scheduling_context.raw != 0) unbind_context(thread.scheduling_context);
    part_from_guest(frame);
    if (thread.notification.raw != 0) unbind_notification(thread.notification);
    detach(frame);
    return Progress::More;
  }
  return spec_has_parked_time(frame.raw) ? Progress::More : Progress::Done;
}

/// One call a step. Nobody will ever resume a fault whose handler is gone: that thread stays inactive.
Progress dismantle_endpoint(FrameNumber frame) {
  if (endpoints[frame].server.raw != 0) {
    unbind_server(frame);
    return Progress::More;
  }
  FrameNumber caller(spec_first_waiting(frame.raw));
  if (caller.raw == 0) caller = FrameNumber(spec_first_set_aside(frame.raw));
  if (caller.raw != 0) {
    if (threads[caller].faulted)
      stop(caller);
    else
      cancel_wait(caller, Error::Cancelled);
    return Progress::More;
  }
  return spec_has_parked_time(frame.raw) ? Progress::More : Progress::Done;
}

Progress dismantle_notification(FrameNumber frame) {
  if (notifications[frame].waiter.raw != 0) {
    cancel_wait(notifications[frame].waiter, Error::Cancelled);
    return Progress::More;
  }
  unbind_notification(frame);
  return Progress::Done;
}

Progress dismantle_scheduling_context(FrameNumber frame) {
  if (scheduling_contexts[frame].thread.raw != 0) {
    unbind_context(frame);
    return Progress::More;
  }
  regions[frames[frame].owner].time_given -= scheduling_contexts[frame].share;
  return Progress::Done;
}

Progress dismantle_guest(FrameNumber frame) {
  Guest& guest = guests[frame];
  if (guest.space.raw != 0 || guest.thread.raw != 0) {
    (void)detach_guest(frame);
    return Progress::More;
  }
  if (guest.vector_state.raw == 0) return Progress::Done;
  (void)release_vector_state(guest.vector_state);
  return Progress::More;
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
      return dismantle_scheduling_context(frame);
    case ObjectType::Endpoint:
      return dismantle_endpoint(frame);
    case ObjectType::Notification:
      return dismantle_notification(frame);
    case ObjectType::Interrupt:
      return dismantle_interrupt(frame);
    case ObjectType::IoPorts:
      return Progress::Done;
    case ObjectType::Guest:
      return dismantle_guest(frame);
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
