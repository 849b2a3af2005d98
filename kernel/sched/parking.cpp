// Parking contexts and taking them back: constant work at each change of a chain, the rest in single steps that the scheduler takes.
#include "kernel/sched/parking.h"

#include "kernel/object/endpoint.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/chain.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"

namespace pith {

u64 parking_clock;

namespace {

Link& context_link(FrameNumber context) { return view<SchedulingContext>(context).queue_link; }
Link& thread_link(FrameNumber thread) { return view<Thread>(thread).parking.link; }
Link& door_link(FrameNumber endpoint) { return view<Endpoint>(endpoint).parking.link; }

/// What lies behind `thread` in its chain is looked at, and `hops` - 1 threads behind that.
void look_below(const Thread& thread, u32 hops) {
  FrameNumber next = next_in_chain(thread);
  if (next.raw != 0) {
    Thread& below = view<Thread>(next);
    look_again(below, hops - 1);
    // The time that it runs on may have come along here.
    Cpu& cpu = cpus[(below.key & Key::kCpuMask) % kMaximumCpus];
    if (cpu.current == &below) reschedule_on(cpu);
  } else if (thread.state == ThreadState::Calling) {
    look_again_at_door(view<Endpoint>(thread.waiting_at));
  }
}

/// Takes the first context back that was parked before the last occasion; false when there is none.
bool take_back(const Parking& parking) {
  FrameNumber first = parking.contexts.first;
  if (first.raw == 0 || view<SchedulingContext>(first).parked_at > parking.until) return false;
  enqueue_context(first);
  return true;
}

}  // namespace

[[gnu::noinline]] void park(FrameNumber frame, Thread& thread) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  context.place = Whereabouts::Parked;
  context.parked_on = thread.self;
  context.parked_at = parking_clock;
  push_back(thread.parking.contexts, frame, context_link);
}

[[gnu::noinline]] void park_at_door(FrameNumber frame, Endpoint& endpoint) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  context.place = Whereabouts::AtDoor;
  context.parked_on = frame_of(endpoint);
  context.parked_at = parking_clock;
  push_back(endpoint.parking.contexts, frame, context_link);
}

[[gnu::noinline]] void look_again_at_door(Endpoint& endpoint) {
  Parking& parking = endpoint.parking;
  parking.until = parking_clock++;
  Cpu& cpu = this_cpu();
  cpu.timers.changed = true;
  if (parking.cpu != 0) return;
  push_back(cpu.doors_to_recheck, frame_of(endpoint), door_link);
  parking.cpu = cpu.number + 1;
}

[[gnu::noinline]] void look_again(Thread& thread, u32 hops) {
  Parking& parking = thread.parking;
  parking.until = parking_clock++;
  if (parking.hops < hops) parking.hops = hops;
  Cpu& cpu = this_cpu();
  cpu.timers.changed = true;
  if (parking.cpu != 0) return;
  push_back(cpu.threads_to_recheck, thread.self, thread_link);
  parking.cpu = cpu.number + 1;
}

[[gnu::noinline]] void recheck(Thread& thread) {
  if (thread.parking.contexts.is_empty()) return;
  enqueue_context(thread.parking.contexts.first);
  if (!thread.parking.contexts.is_empty()) look_again(thread, 0);
}

void recheck_below(const Thread& thread) { look_below(thread, kChainDepth); }

void recheck_door(Endpoint& endpoint) {
  if (!endpoint.parking.contexts.is_empty()) look_again_at_door(endpoint);
}

[[gnu::noinline]] void look_no_more(Thread& thread) {
  Parking& parking = thread.parking;
  if (parking.cpu == 0) return;
  remove(cpus[(parking.cpu - 1) % kMaximumCpus].threads_to_recheck, thread.self, thread_link);
  parking.cpu = 0;
  parking.hops = 0;
}

[[gnu::noinline]] void look_no_more_at_door(Endpoint& endpoint) {
  Parking& parking = endpoint.parking;
  if (parking.cpu == 0) return;
  remove(cpus[(parking.cpu - 1) % kMaximumCpus].doors_to_recheck, frame_of(endpoint), door_link);
  parking.cpu = 0;
}

void look_at_next(Cpu& cpu) {
  if (cpu.threads_to_recheck.is_empty()) {
    Endpoint& endpoint = view<Endpoint>(cpu.doors_to_recheck.first);
    if (!take_back(endpoint.parking)) look_no_more_at_door(endpoint);
    return;
  }
  Thread& thread = view<Thread>(cpu.threads_to_recheck.first);
  if (take_back(thread.parking)) return;
  u32 hops = thread.parking.hops;
  look_no_more(thread);
  if (hops != 0) look_below(thread, hops);
}

}  // namespace pith
