// Scheduling contexts, ready queues, time in use, and timers.
#include "kernel/object/scheduling_context.h"

#include "kernel/object/endpoint.h"
#include "kernel/object/region.h"
#include "kernel/object/thread.h"
#include "kernel/sched/cpu.h"
#include "spec/invariants/list.h"
#include "spec/invariants/predicate.h"

namespace pith {

namespace {

/// The contexts of one priority that are ready on a CPU.
struct ReadyQueue {
  struct Place {
    CpuIndex cpu;
    Level priority;
    bool operator==(const Place& other) const { return cpu.raw == other.cpu.raw && priority.raw == other.priority.raw; }
  };
  static const List& list(Place place) { return cpus[place.cpu.raw].queue[place.priority.raw]; }
  static const Link& link(FrameNumber context) { return scheduling_contexts[context.raw].queue_link; }
  static bool is_typed(FrameNumber frame) { return is<SchedulingContext>(frame); }
  static bool is_member(FrameNumber context) { return scheduling_contexts[context.raw].place == Whereabouts::Queued; }
  static Place place_of(FrameNumber context) {
    return {{scheduling_contexts[context.raw].cpu}, {scheduling_contexts[context.raw].priority}};
  }
  static bool is_place(Place place) { return place.cpu.raw < kMaximumCpus && place.priority.raw < kPriorities; }
};

/// The contexts that are parked on a thread.
struct Parked {
  struct Place {
    FrameNumber thread;
    bool operator==(const Place& other) const { return thread == other.thread; }
  };
  static const List& list(Place place) { return threads[place.thread.raw].parking.contexts; }
  static const Link& link(FrameNumber context) { return scheduling_contexts[context.raw].queue_link; }
  static bool is_typed(FrameNumber frame) { return is<SchedulingContext>(frame); }
  static bool is_member(FrameNumber context) { return scheduling_contexts[context.raw].place == Whereabouts::Parked; }
  static Place place_of(FrameNumber context) { return {scheduling_contexts[context.raw].parked_on}; }
  static bool is_place(Place place) { return is<Thread>(place.thread); }
};

/// The contexts that are parked at an endpoint without a server.
struct AtDoor {
  struct Place {
    FrameNumber endpoint;
    bool operator==(const Place& other) const { return endpoint == other.endpoint; }
  };
  static const List& list(Place place) { return endpoints[place.endpoint.raw].parking.contexts; }
  static const Link& link(FrameNumber context) { return scheduling_contexts[context.raw].queue_link; }
  static bool is_typed(FrameNumber frame) { return is<SchedulingContext>(frame); }
  static bool is_member(FrameNumber context) { return scheduling_contexts[context.raw].place == Whereabouts::AtDoor; }
  static Place place_of(FrameNumber context) { return {scheduling_contexts[context.raw].parked_on}; }
  static bool is_place(Place place) { return is<Endpoint>(place.endpoint); }
};

/// The threads where a CPU shall look at parked contexts again.
struct ThreadsToRecheck {
  struct Place {
    CpuIndex cpu;
    bool operator==(const Place& other) const { return cpu.raw == other.cpu.raw; }
  };
  static const List& list(Place place) { return cpus[place.cpu.raw].threads_to_recheck; }
  static const Link& link(FrameNumber thread) { return threads[thread.raw].parking.link; }
  static bool is_typed(FrameNumber frame) { return is<Thread>(frame); }
  static bool is_member(FrameNumber thread) { return threads[thread.raw].parking.cpu != 0; }
  static Place place_of(FrameNumber thread) { return {{threads[thread.raw].parking.cpu - 1}}; }
  static bool is_place(Place place) { return place.cpu.raw < kMaximumCpus; }
};

/// The endpoints of the same kind.
struct DoorsToRecheck {
  using Place = ThreadsToRecheck::Place;
  static const List& list(Place place) { return cpus[place.cpu.raw].doors_to_recheck; }
  static const Link& link(FrameNumber endpoint) { return endpoints[endpoint.raw].parking.link; }
  static bool is_typed(FrameNumber frame) { return is<Endpoint>(frame); }
  static bool is_member(FrameNumber endpoint) { return endpoints[endpoint.raw].parking.cpu != 0; }
  static Place place_of(FrameNumber endpoint) { return {{endpoints[endpoint.raw].parking.cpu - 1}}; }
  static bool is_place(Place place) { return place.cpu.raw < kMaximumCpus; }
};

const TimerNode& node_of(FrameNumber frame) {
  return info(frame).type == ObjectType::Thread ? threads[frame.raw].timer : scheduling_contexts[frame.raw].timer;
}

/// The timers in one slot of a CPU's wheel: of threads and of scheduling contexts.
struct WheelSlotList {
  struct Place {
    CpuIndex cpu;
    WheelLevel level;
    WheelSlot slot;
    bool operator==(const Place& other) const {
      return cpu.raw == other.cpu.raw && level.raw == other.level.raw && slot.raw == other.slot.raw;
    }
  };
  static const List& list(Place place) { return cpus[place.cpu.raw].timers.slot[place.level.raw][place.slot.raw]; }
  static const Link& link(FrameNumber frame) { return node_of(frame).link; }
  static bool is_typed(FrameNumber frame) { return is<Thread>(frame) || is<SchedulingContext>(frame); }
  static bool is_member(FrameNumber frame) { return node_of(frame).armed; }
  static Place place_of(FrameNumber frame) { return {{node_of(frame).cpu}, {node_of(frame).level}, {node_of(frame).slot}}; }
  static bool is_place(Place place) {
    return place.cpu.raw < kMaximumCpus && place.level.raw < kTimerLevels && place.slot.raw < kTimerSlots;
  }
};

}  // namespace

LIST_ENDS(ready_queue, ReadyQueue, (CpuIndex cpu, Level priority), (cpu, priority))
LIST_MEMBERS(ready_queue, ReadyQueue, SchedulingContext)
LIST_ENDS(parked_contexts, Parked, (Of<Thread> thread), (thread))
LIST_MEMBERS(parked_contexts, Parked, SchedulingContext)
LIST_ENDS(contexts_at_a_door, AtDoor, (Of<Endpoint> endpoint), (endpoint))
LIST_MEMBERS(contexts_at_a_door, AtDoor, SchedulingContext)
LIST_ENDS(threads_to_recheck, ThreadsToRecheck, (CpuIndex cpu), (cpu))
LIST_MEMBERS(threads_to_recheck, ThreadsToRecheck, Thread)
LIST_ENDS(doors_to_recheck, DoorsToRecheck, (CpuIndex cpu), (cpu))
LIST_MEMBERS(doors_to_recheck, DoorsToRecheck, Endpoint)
LIST_ENDS(timer_slot, WheelSlotList, (CpuIndex cpu, WheelLevel level, WheelSlot slot), (cpu, level, slot))
LIST_MEMBERS(thread_timer, WheelSlotList, Thread)
LIST_MEMBERS(context_timer, WheelSlotList, SchedulingContext)

INVARIANT(ready_bit_means_context, CpuIndex cpu, Level priority) {
  FOR_ALL(cpu, priority);
  return ((cpus[cpu.raw].ready >> priority.raw & 1) != 0) == (cpus[cpu.raw].queue[priority.raw].first.raw != 0);
}
INVARIANT(occupied_bit_means_timer, CpuIndex cpu, WheelLevel level, WheelSlot slot) {
  FOR_ALL(cpu, level, slot);
  const TimerWheel& wheel = cpus[cpu.raw].timers;
  return ((wheel.occupied[level.raw] >> slot.raw & 1) != 0) == (wheel.slot[level.raw][slot.raw].first.raw != 0);
}
INVARIANT(thread_timer_is_in_a_wheel, Of<Thread> thread) {
  FOR_ALL(thread);
  return !threads[thread.raw].timer.armed || threads[thread.raw].timer.cpu < kMaximumCpus;
}
INVARIANT(context_timer_is_in_a_wheel, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return !scheduling_contexts[context.raw].timer.armed || scheduling_contexts[context.raw].timer.cpu < kMaximumCpus;
}
INVARIANT(thread_timer_is_in_a_level, Of<Thread> thread) {
  FOR_ALL(thread);
  return !threads[thread.raw].timer.armed || threads[thread.raw].timer.level < kTimerLevels;
}
INVARIANT(thread_timer_is_in_a_slot, Of<Thread> thread) {
  FOR_ALL(thread);
  return !threads[thread.raw].timer.armed || threads[thread.raw].timer.slot < kTimerSlots;
}
INVARIANT(context_timer_is_in_a_level, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return !scheduling_contexts[context.raw].timer.armed || scheduling_contexts[context.raw].timer.level < kTimerLevels;
}
INVARIANT(context_timer_is_in_a_slot, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return !scheduling_contexts[context.raw].timer.armed || scheduling_contexts[context.raw].timer.slot < kTimerSlots;
}
/// The node is not behind the hand of its wheel, or in the slot of its level that the hand is in, which is moved next.
static bool is_ahead(const TimerNode& node) {
  u64 position = cpus[node.cpu].timers.position;
  return node.tick >= position || node.slot == (position >> node.level * 6 & (kTimerSlots - 1));
}
/// That no timer fires late.
CHECK(thread_timer_is_ahead, Of<Thread> thread) {
  FOR_ALL(thread);
  const TimerNode& node = threads[thread.raw].timer;
  return !node.armed || is_ahead(node);
}
CHECK(context_timer_is_ahead, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const TimerNode& node = scheduling_contexts[context.raw].timer;
  return !node.armed || is_ahead(node);
}

// ---- scheduling contexts ----

INVARIANT(context_priority_exists, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].priority < kPriorities;
}
INVARIANT(context_priority_is_its_regions_to_give, Of<SchedulingContext> context) {
  FOR_ALL(context);
  FrameNumber owner = info(context).owner;
  GIVEN(is<Region>(owner));
  return scheduling_contexts[context.raw].priority <= regions[owner.raw].priority_ceiling;
}
INVARIANT(context_cpu_exists, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].cpu < cpu_count;
}
INVARIANT(context_place_is_known, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return u32(scheduling_contexts[context.raw].place) <= u32(Whereabouts::AtDoor);
}
INVARIANT(context_thread_is_typed, Of<SchedulingContext> context) {
  FOR_ALL(context);
  FrameNumber thread = scheduling_contexts[context.raw].thread;
  return thread.raw == 0 || is<Thread>(thread);
}
INVARIANT(context_thread_knows_its_time, Of<SchedulingContext> context) {
  FOR_ALL(context);
  FrameNumber thread = scheduling_contexts[context.raw].thread;
  GIVEN(is<Thread>(thread));
  return threads[thread.raw].scheduling_context == context;
}
INVARIANT(unbound_context_is_nowhere, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].thread.raw != 0 || scheduling_contexts[context.raw].place == Whereabouts::Nowhere;
}
INVARIANT(unbound_context_has_no_timer, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].thread.raw != 0 || !scheduling_contexts[context.raw].timer.armed;
}
INVARIANT(bound_context_is_configured, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].thread.raw == 0 || scheduling_contexts[context.raw].configured;
}
INVARIANT(configured_context_has_a_budget, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return !scheduling_contexts[context.raw].configured || scheduling_contexts[context.raw].budget != 0;
}
INVARIANT(budget_fits_its_period, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].budget <= scheduling_contexts[context.raw].period;
}
INVARIANT(no_more_is_left_than_the_budget, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].left <= scheduling_contexts[context.raw].budget;
}
INVARIANT(budget_is_at_most_a_minute, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].budget <= 60'000'000'000;
}
INVARIANT(at_most_a_minute_is_left, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].left <= 60'000'000'000;
}
INVARIANT(queued_context_has_time_left, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].place != Whereabouts::Queued || scheduling_contexts[context.raw].left != 0;
}
/// Time is never forgotten: what is used up comes back,
INVARIANT(exhausted_context_is_replenished, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  return it.thread.raw == 0 || it.left != 0 || it.timer.armed;
}
INVARIANT(context_with_time_left_waits_for_none, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  return it.left == 0 || !it.timer.armed;
}
/// and what is left is where it can be picked or waits for its thread.
INVARIANT(context_with_time_left_is_somewhere, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  return it.thread.raw == 0 || it.left == 0 || it.place != Whereabouts::Nowhere;
}
INVARIANT(parked_context_is_at_a_thread, Of<SchedulingContext> context) {
  FOR_ALL(context);
  GIVEN(scheduling_contexts[context.raw].place == Whereabouts::Parked);
  return is<Thread>(scheduling_contexts[context.raw].parked_on);
}
INVARIANT(context_at_a_door_is_at_an_endpoint, Of<SchedulingContext> context) {
  FOR_ALL(context);
  GIVEN(scheduling_contexts[context.raw].place == Whereabouts::AtDoor);
  return is<Endpoint>(scheduling_contexts[context.raw].parked_on);
}
INVARIANT(rechecked_thread_is_in_a_list, Of<Thread> thread) {
  FOR_ALL(thread);
  return threads[thread.raw].parking.cpu <= kMaximumCpus;
}
INVARIANT(rechecked_door_is_in_a_list, Of<Endpoint> endpoint) {
  FOR_ALL(endpoint);
  return endpoints[endpoint.raw].parking.cpu <= kMaximumCpus;
}
/// What is parked has a thread that it would run.
INVARIANT(parked_context_is_bound, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  GIVEN(it.place == Whereabouts::Parked || it.place == Whereabouts::AtDoor);
  return it.thread.raw != 0 && it.left != 0;
}
/// A limited budget is conserved: what is left and what comes back.
INVARIANT(budget_is_conserved, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  GIVEN(it.configured && it.budget != it.period);
  u64 sum = it.left;
  for (u32 i = 0; i < kReplenishments; i++) sum += i < it.pending_count ? it.pending[(it.first_pending + i) % kReplenishments].amount : 0;
  return sum == it.budget;
}
INVARIANT(pending_time_is_within_the_budget, Of<SchedulingContext> context, RingIndex place) {
  FOR_ALL(context, place);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  bool is_pending = (place.raw + kReplenishments - it.first_pending) % kReplenishments < it.pending_count;
  GIVEN(it.configured && it.budget != it.period && it.first_pending < kReplenishments && is_pending);
  return it.pending[place.raw].amount <= it.budget;
}
INVARIANT(time_without_a_limit_never_ends, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  return !it.configured || it.budget != it.period || it.left != 0;
}
LEMMA(time_used_is_less_than_would_ever_be, Of<SchedulingContext> context) {
  FOR_ALL(context);
  return scheduling_contexts[context.raw].used < u64{1} << 63;
}
INVARIANT(pending_time_is_in_the_ring, Of<SchedulingContext> context) {
  FOR_ALL(context);
  const SchedulingContext& it = scheduling_contexts[context.raw];
  return it.first_pending < kReplenishments && it.pending_count <= kReplenishments;
}

// ---- what a CPU does ----

INVARIANT(cpu_knows_its_number, CpuIndex cpu) {
  FOR_ALL(cpu);
  return cpu.raw >= cpu_count || cpus[cpu.raw].number == cpu.raw;
}
INVARIANT(time_in_use_is_a_context, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber context = cpus[cpu.raw].context;
  return context.raw == 0 || is<SchedulingContext>(context);
}
INVARIANT(time_in_use_is_of_this_cpu, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber context = cpus[cpu.raw].context;
  GIVEN(is<SchedulingContext>(context));
  return scheduling_contexts[context.raw].cpu == cpu.raw;
}
INVARIANT(time_in_use_is_bound, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber context = cpus[cpu.raw].context;
  GIVEN(is<SchedulingContext>(context));
  return scheduling_contexts[context.raw].thread.raw != 0;
}
INVARIANT(time_in_use_is_in_the_ready_queue, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber context = cpus[cpu.raw].context;
  GIVEN(is<SchedulingContext>(context));
  return scheduling_contexts[context.raw].place == Whereabouts::Queued;
}
INVARIANT(running_thread_is_typed, CpuIndex cpu) {
  FOR_ALL(cpu);
  const Thread* current = cpus[cpu.raw].current;
  return current == nullptr || is<Thread>(current->self);
}
INVARIANT(running_thread_is_where_it_says, CpuIndex cpu) {
  FOR_ALL(cpu);
  const Thread* current = cpus[cpu.raw].current;
  return current == nullptr || current == &threads[current->self.raw];
}
INVARIANT(running_thread_knows_its_cpu, CpuIndex cpu) {
  FOR_ALL(cpu);
  const Thread* current = cpus[cpu.raw].current;
  return current == nullptr || (current->key & Key::kCpuMask) == cpu.raw;
}
EXIT_INVARIANT(running_thread_is_ready, CpuIndex cpu) {
  FOR_ALL(cpu);
  const Thread* current = cpus[cpu.raw].current;
  GIVEN(&cpus[cpu.raw] == &this_cpu());
  return current == nullptr || current->state == ThreadState::Ready;
}
/// On other CPUs that holds even between an operation here and the choice of who runs here.
INVARIANT(thread_that_runs_elsewhere_is_ready, CpuIndex cpu) {
  FOR_ALL(cpu);
  const Thread* current = cpus[cpu.raw].current;
  GIVEN(&cpus[cpu.raw] != &this_cpu());
  return current == nullptr || current->state == ThreadState::Ready;
}
/// Or its CPU is interrupted at once to choose anew.
INVARIANT(running_thread_has_time, CpuIndex cpu) {
  FOR_ALL(cpu);
  return cpus[cpu.raw].current == nullptr || cpus[cpu.raw].context.raw != 0 || cpus[cpu.raw].reschedule;
}

}  // namespace pith
