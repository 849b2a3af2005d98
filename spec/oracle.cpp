// The specification by itself: its state, and who comes first, found by looking at everybody.
#include "spec/oracle.h"

#include "spec/frame.h"

pith::spec::State specification;

namespace pith::spec {

namespace {

/// The thread of those that `is_candidate` takes that `is_before` puts first; 0 if there is none.
template <class IsCandidate, class IsBefore>
u32 first_thread(IsCandidate is_candidate, IsBefore is_before) {
  u32 found = 0;
  for (u32 i = 1; i < state.frame_count; i++) {
    const Thread& thread = threads.row[i];
    if (frames.row[i].type != ObjectType::Thread || !is_candidate(thread)) continue;
    if (found == 0 || is_before(thread, threads.row[found])) found = i;
  }
  return found;
}

}  // namespace

bool spec_is_flushed(u64 generation) {
  if (state.cpus[state.here].flushed_generation <= generation) flush();
  for (u32 i = 0; i < state.cpu_count; i++) {
    const Cpu& cpu = state.cpus[i];
    if (!cpu.idle && cpu.flushed_generation <= generation) return false;
  }
  return true;
}

u32 spec_first_waiting(u32 endpoint) {
  return first_thread([=](const Thread& thread) { return thread.state == ThreadState::Calling && thread.waiting_at.raw == endpoint; },
                      [](const Thread& one, const Thread& other) {
                        return one.level != other.level ? one.level > other.level : one.ticket < other.ticket;
                      });
}

u32 spec_first_set_aside(u32 endpoint) {
  return first_thread([=](const Thread& thread) { return thread.state == ThreadState::SetAside && thread.waiting_at.raw == endpoint; },
                      [](const Thread& one, const Thread& other) { return one.ticket < other.ticket; });
}

u32 spec_last_set_aside(u32 endpoint) {
  return first_thread([=](const Thread& thread) { return thread.state == ThreadState::SetAside && thread.waiting_at.raw == endpoint; },
                      [](const Thread& one, const Thread& other) { return one.ticket > other.ticket; });
}

u32 spec_first_thread_of_space(u32 space) {
  return first_thread([=](const Thread& thread) { return thread.space.raw == space; },
                      [](const Thread& one, const Thread& other) { return one.space_ticket < other.space_ticket; });
}

u32 spec_first_thread_of_capabilities(u32 space) {
  return first_thread([=](const Thread& thread) { return thread.capabilities.raw == space; },
                      [](const Thread& one, const Thread& other) { return one.capability_ticket < other.capability_ticket; });
}

u32 spec_first_guest_of_space(u32 space) {
  u32 found = 0;
  for (u32 i = 1; i < state.frame_count; i++) {
    if (frames.row[i].type != ObjectType::Guest || guests.row[i].space.raw != space) continue;
    if (found == 0 || guests.row[i].space_ticket < guests.row[found].space_ticket) found = i;
  }
  return found;
}

}  // namespace pith::spec
