// Who runs next: the highest ready scheduling context lends its time to the thread at the end of its thread's chain of calls (after NOVA's helping).
#include "kernel/sched/scheduler.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/crossing.h"

namespace pith {

namespace {

/// Contexts that one entry finds unable to run and parks.
constexpr u32 kPicksPerEntry = 4;
/// Calls within calls that are followed before time is charged; longer chains are followed afterwards.
constexpr u32 kShortChain = 3;
/// Steps of looking at parked contexts again that one entry makes.
constexpr u32 kRechecksPerEntry = 2;
/// When more are left and somebody runs, how long until the next: a fraction of the time is enough for this work.
constexpr u64 kRecheckPace = 20'000;  // ns

Link& context_link(FrameNumber context) { return view<SchedulingContext>(context).queue_link; }

/// What a walk along a chain of calls found: its end, and whether the last step was a call that the end is handling.
struct ChainEnd {
  Thread* thread;
  bool is_client;
};

template <u32 kHops>
ChainEnd chain_end(FrameNumber first) {
  ChainEnd end{&view<Thread>(first), true};
  for (u32 hops = 0; hops < kHops; hops++) {
    FrameNumber next = next_in_chain(*end.thread);
    if (next.raw == 0) return end;
    end.is_client = end.thread->state == ThreadState::WaitingForReply;
    end.thread = &view<Thread>(next);
  }
  return end;
}

/// True when no other CPU runs the thread, which may run here then. Otherwise the CPU that leaves it gives the time back that waits for it.
[[gnu::always_inline]] inline bool is_free_for(Cpu& cpu, Thread& thread) {
  if ((thread.key & (Key::kCpuMask | Key::kStopping)) == cpu.number) return true;
  if (runs_elsewhere(thread)) {
    thread.key |= Key::kAwaited;
    return false;
  }
  if ((thread.key & Key::kStopping) != 0) {  // it was no longer running when the message came
    stop_thread(thread);
    return false;
  }
  // What its key says of the vector registers must be true here.
  bool live = thread.vector_state.raw != 0 && thread.vector_state == cpu.vector_owner;
  thread.key = (thread.key & ~(Key::kCpuMask | Key::kVectorLive)) | cpu.number | (live ? Key::kVectorLive : 0);
  return true;
}

bool has_rechecks(const Cpu& cpu) { return !cpu.threads_to_recheck.is_empty() || !cpu.doors_to_recheck.is_empty(); }

/// Parks a context whose chain cannot run on this CPU: it ends in a thread that waits for something else than an answer or runs elsewhere, or
/// it is too long. In the last case those farther down may need time of their own that is parked.
void park_at_end(FrameNumber frame, Thread& end) {
  withdraw_context(frame);
  bool at_door = end.state == ThreadState::Calling && view<Endpoint>(end.waiting_at).server.raw == 0;
  if (at_door) {
    park_at_door(frame, view<Endpoint>(end.waiting_at));
    return;
  }
  park(frame, end);
  if (next_in_chain(end).raw == 0) return;
  end.key |= Key::kTimeParked;
  recheck_below(end);
}

void run(Cpu& cpu, FrameNumber context, const ChainEnd& end, bool own_time) {
  Thread& thread = *end.thread;
  cpu.current = &thread;
  if (cpu.context != context) view<SchedulingContext>(context).turn_start = cpu.last_accounted;
  cpu.context = context;
  // The fast reply goes on with the client on the time in use: only right where that time came along the client's call.
  if (thread.client.raw != 0 && (own_time || !end.is_client))
    thread.key |= Key::kSlowReply;
  else
    thread.key &= ~Key::kSlowReply;
}

}  // namespace

FrameNumber next_in_chain(const Thread& thread) {
  if (thread.state == ThreadState::WaitingForReply) return thread.callee;
  if (thread.state == ThreadState::Calling) return view<Endpoint>(thread.waiting_at).server;
  return FrameNumber();
}

void enqueue_context(FrameNumber frame) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  if (context.place == Whereabouts::Queued) return;
  withdraw_context(frame);
  if (context.thread.raw == 0 || context.left == 0) return;
  Cpu& cpu = cpus[context.cpu];
  push_back(cpu.queue[context.priority], frame, context_link);
  cpu.ready |= u64{1} << context.priority;
  context.place = Whereabouts::Queued;
  if (cpu.context.raw == 0 || view<SchedulingContext>(cpu.context).priority < context.priority) reschedule_on(cpu);
}

void withdraw_context(FrameNumber frame) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  if (context.place == Whereabouts::Queued) {
    Cpu& cpu = cpus[context.cpu];
    List& queue = cpu.queue[context.priority];
    remove(queue, frame, context_link);
    if (queue.is_empty()) cpu.ready &= ~(u64{1} << context.priority);
  } else if (context.place == Whereabouts::Parked) {
    remove(view<Thread>(context.parked_on).parking.contexts, frame, context_link);
    context.parked_on = FrameNumber();
  } else if (context.place == Whereabouts::AtDoor) {
    remove(view<Endpoint>(context.parked_on).parking.contexts, frame, context_link);
    context.parked_on = FrameNumber();
  }
  context.place = Whereabouts::Nowhere;
}

void expedite(Thread& thread) {
  if (thread.scheduling_context.raw != 0) enqueue_context(thread.scheduling_context);
}

void wake(Thread& thread) {
  bool was_blocked = thread.state != ThreadState::Ready && thread.state != ThreadState::Receiving && thread.state != ThreadState::WaitingForReply;
  thread.state = ThreadState::Ready;
  thread.key &= ~Key::kTimeParked;
  const List& parked = thread.parking.contexts;
  if (parked.is_empty()) return;
  bool only_own = parked.first == parked.last && parked.first == thread.scheduling_context;
  if (!was_blocked && thread.client.raw != 0 && only_own) return;
  recheck(thread);
}

void account(Cpu& cpu) {
  u64 now = arch::now();
  u64 passed = now - cpu.last_accounted;
  cpu.last_accounted = now;
  if (cpu.context.raw == 0) return;
  FrameNumber frame = cpu.context;
  SchedulingContext& context = view<SchedulingContext>(frame);
  charge(context, passed);
  if (context.left != 0) return;
  cpu.reschedule = true;
  withdraw_context(frame);
  if (!is_limited(context)) {
    context.left = context.budget;
    enqueue_context(frame);
    return;
  }
  if (cpu.current != nullptr) expedite(*cpu.current);  // a server goes on with time of its own
  arm_timer(frame, next_replenishment(context));
}

void timer_interrupted(Cpu& cpu) { cpu.timers.changed = true; }

void replenish(FrameNumber frame) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  give_back(context, arch::now());
  if (context.left == 0)
    arm_timer(frame, next_replenishment(context));
  else
    enqueue_context(frame);
}

namespace {

/// Sets cpu.current and cpu.context to the end of the first chain that can run here, or to nothing.
[[gnu::always_inline]] inline void choose(Cpu& cpu) {
  cpu.reschedule = false;
  for (u32 picks = 0; picks < kPicksPerEntry; picks++) {
    if (cpu.ready == 0) {
      cpu.current = nullptr;
      cpu.context = FrameNumber();
      return;
    }
    u32 priority = u32(63 - __builtin_clzll(cpu.ready));
    FrameNumber frame = cpu.queue[priority].first;
    SchedulingContext& context = view<SchedulingContext>(frame);
    ChainEnd end = chain_end<kChainDepth>(context.thread);
    if (end.thread->state == ThreadState::Ready && is_free_for(cpu, *end.thread)) {
      run(cpu, frame, end, end.thread->self == context.thread);
      return;
    }
    park_at_end(frame, *end.thread);
  }
  // The bound of this entry is reached: idle for a moment, the timer brings us back at once.
  cpu.current = nullptr;
  cpu.context = FrameNumber();
  cpu.reschedule = true;
}

/// The time in use is still the first that is ready, and its chain of calls ends in a thread that ran here last: that one goes on on it. Nothing is to be
/// charged then, and the hardware timer is set for the end of this turn already.
bool goes_on_along_chain(Cpu& cpu) {
  if (cpu.context.raw == 0 || cpu.current == nullptr || (cpu.current->key & (Key::kAwaited | Key::kStopping)) != 0) return false;
  const SchedulingContext& context = view<SchedulingContext>(cpu.context);
  if (cpu.ready >> context.priority != 1 || cpu.queue[context.priority].first != cpu.context) return false;
  ChainEnd end = chain_end<kShortChain>(context.thread);
  if (end.thread->state != ThreadState::Ready || (end.thread->key & (Key::kCpuMask | Key::kStopping)) != cpu.number) return false;
  cpu.reschedule = false;
  run(cpu, cpu.context, end, end.thread->self == context.thread);
  return true;
}

}  // namespace

void pick(Cpu& cpu) {
  Thread* before = cpu.current;
  choose(cpu);
  // Time of other CPUs that waits for a thread which ran here finds it free now, or goes on along its chain.
  if (before != cpu.current && before != nullptr && (before->key & Key::kAwaited) != 0) {
    before->key &= ~Key::kAwaited;
    recheck(*before);
  }
}

void end_lent_time(Cpu& cpu) {
  Thread& thread = *cpu.current;
  thread.key &= ~Key::kLentTime;
  expedite(thread);
  cpu.reschedule = true;
}

void schedule(Cpu& cpu) {
  if (cpu.current != nullptr && (cpu.current->key & Key::kLentTime) != 0) end_lent_time(cpu);
  bool goes_on = !cpu.reschedule && cpu.current != nullptr && cpu.current->state == ThreadState::Ready;
  if (goes_on && !cpu.timers.changed) return;  // the hardware timer is set for the end of this turn already
  if (!cpu.timers.changed && goes_on_along_chain(cpu)) return;
  account(cpu);
  if (cpu.timers.changed) {
    cpu.timers.advance(cpu.last_accounted);
    for (u32 steps = 0; steps < kRechecksPerEntry && has_rechecks(cpu); steps++) look_at_next(cpu);
  }
  if (cpu.reschedule || cpu.current == nullptr || cpu.current->state != ThreadState::Ready) pick(cpu);
  u64 next = cpu.timers.next;
  if (cpu.context.raw != 0) {
    u64 turn_ends = cpu.last_accounted + view<SchedulingContext>(cpu.context).left;
    if (next == 0 || turn_ends < next) next = turn_ends;
  }
  if (has_rechecks(cpu)) {
    u64 again = cpu.last_accounted + (cpu.current != nullptr ? kRecheckPace : 0);
    if (next == 0 || again < next) next = again;
  }
  if (cpu.reschedule) next = cpu.last_accounted;
  arch::set_timer(next);
}

}  // namespace pith
