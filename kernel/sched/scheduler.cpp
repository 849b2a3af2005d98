// Who runs next: the highest ready scheduling context lends its time to the thread at the end of its thread's chain of calls (after NOVA's helping).
#include "kernel/sched/scheduler.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/chain.h"
#include "kernel/sched/crossing.h"

namespace pith {

namespace {

/// How far apart steps of looking at parked contexts again are while somebody runs: a fraction of the time is enough for this work.
constexpr u64 kRecheckPace = 20'000;  // ns

Link& context_link(FrameNumber context) { return view<SchedulingContext>(context).queue_link; }

/// True when no other CPU runs the thread, which may run here then. Otherwise the CPU that leaves it gives the time back that waits for it.
bool is_free_for(Cpu& cpu, Thread& thread) {
  if ((thread.key & Key::kCpuMask) == cpu.number) return true;
  if (runs_elsewhere(thread)) {
    thread.key |= Key::kAwaited;
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

/// The end of a chain runs, on the time in `context`.
void run(Cpu& cpu, FrameNumber context, ChainEnd end) {
  Thread& thread = view<Thread>(end.thread);
  bool own_time = end.thread == view<SchedulingContext>(context).thread;
  cpu.current = &thread;
  if (cpu.context != context) view<SchedulingContext>(context).turn_start = cpu.last_accounted;
  cpu.context = context;
  // The fast reply goes on with the client on the time in use: only right where that time came along the client's call.
  if (thread.client.raw != 0 && (own_time || end.is_client == 0))
    thread.key |= Key::kSlowReply;
  else
    thread.key &= ~Key::kSlowReply;
}

}  // namespace

[[gnu::noinline]] void enqueue_context(FrameNumber frame) {
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

[[gnu::noinline]] void withdraw_context(FrameNumber frame) {
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

[[gnu::noinline]] void expedite(Thread& thread) {
  if (thread.scheduling_context.raw != 0) enqueue_context(thread.scheduling_context);
}

[[gnu::noinline]] void wake(Thread& thread) {
  bool was_blocked = thread.state != ThreadState::Ready && thread.state != ThreadState::Receiving && thread.state != ThreadState::WaitingForReply;
  thread.state = ThreadState::Ready;
  thread.key &= ~Key::kTimeParked;
  const List& parked = thread.parking.contexts;
  if (parked.is_empty()) return;
  bool only_own = parked.first == parked.last && parked.first == thread.scheduling_context;
  if (!was_blocked && thread.client.raw != 0 && only_own) return;
  recheck(thread);
}

namespace {

/// Nanoseconds since time was last charged.
u64 passed_until(const Cpu& cpu, u64 now) { return now > cpu.last_accounted ? now - cpu.last_accounted : 0; }

/// Charges the time since that was last done to the context in use. False, and nothing has changed: its turn is over, which is the timer's to end.
bool account(Cpu& cpu) {
  u64 now = arch::now();
  if (cpu.context.raw != 0) {
    SchedulingContext& context = view<SchedulingContext>(cpu.context);
    u64 passed = passed_until(cpu, now);
    if (passed >= context.left) return false;
    charge(context, passed);
  }
  cpu.last_accounted = now;
  return true;
}

/// The turn of the context in use, which has nothing left, is over.
void end_turn(Cpu& cpu) {
  FrameNumber frame = cpu.context;
  cpu.reschedule = true;
  settle(cpu);
  withdraw_context(frame);
  SchedulingContext& context = view<SchedulingContext>(frame);
  if (context.left != 0) {
    enqueue_context(frame);
    return;
  }
  if (cpu.current != nullptr) expedite(*cpu.current);  // a server goes on with time of its own
  arm_timer(frame, next_replenishment(context));
  cpu.context = FrameNumber();
}

}  // namespace

void settle(Cpu& cpu) {
  SchedulingContext& context = view<SchedulingContext>(cpu.context);
  u64 now = arch::now();
  charge(context, passed_until(cpu, now));
  cpu.last_accounted = now;
  if (context.left == 0 && !is_limited(context)) context.left = context.budget;
}

void timer_interrupted(Cpu& cpu) {
  cpu.timers.changed = true;
  if (!account(cpu)) {
    end_turn(cpu);
  } else if (cpu.timers.is_due(cpu.last_accounted)) {
    cpu.timers.advance(cpu.last_accounted);
  } else if (has_rechecks(cpu)) {
    cpu.last_recheck = cpu.last_accounted;
    look_at_next(cpu);
  }
}

void replenish(FrameNumber frame) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  give_back(context, arch::now());
  if (context.left == 0)
    arm_timer(frame, next_replenishment(context));
  else
    enqueue_context(frame);
}

namespace {

/// Nobody runs, and if something is ready the timer brings us back at once.
void rest(Cpu& cpu) {
  cpu.current = nullptr;
  cpu.context = FrameNumber();
  cpu.reschedule = cpu.ready != 0;
}

/// The context that is first of all that are ready.
FrameNumber first_ready(const Cpu& cpu) { return cpu.queue[63 - __builtin_clzll(cpu.ready)].first; }

}  // namespace

[[gnu::noinline]] bool try_to_run(Cpu& cpu, FrameNumber context, ChainEnd end) {
  Thread& thread = view<Thread>(end.thread);
  if (thread.state != ThreadState::Ready || !is_free_for(cpu, thread)) return false;
  cpu.reschedule = false;
  run(cpu, context, end);
  return true;
}

[[gnu::noinline]] void choose(Cpu& cpu) {
  if (cpu.ready == 0) return rest(cpu);
  FrameNumber context = first_ready(cpu);
  ChainEnd end = end_of_chain(view<SchedulingContext>(context).thread);
  if (try_to_run(cpu, context, end)) return;
  cpu.reschedule = true;
  if (cpu.context == context) cpu.context = FrameNumber();
  park_at_end(context, view<Thread>(end.thread));
  if (cpu.ready == 0) return rest(cpu);
  context = first_ready(cpu);
  if (!try_to_run(cpu, context, end_of_short_chain(view<SchedulingContext>(context).thread))) rest(cpu);
}

namespace {

/// The time in use is still the first that is ready, and its chain of calls ends in a thread that ran here last: that one goes on on it. Nothing is to be
/// charged then, and the hardware timer is set for the end of this turn already.
bool goes_on_along_chain(Cpu& cpu) {
  if (cpu.context.raw == 0 || cpu.current == nullptr || (cpu.current->key & (Key::kAwaited | Key::kStopping)) != 0) return false;
  const SchedulingContext& context = view<SchedulingContext>(cpu.context);
  if (cpu.ready >> context.priority != 1 || cpu.queue[context.priority].first != cpu.context) return false;
  ChainEnd end = end_of_short_chain(context.thread);
  const Thread& thread = view<Thread>(end.thread);
  if (thread.state != ThreadState::Ready || (thread.key & (Key::kCpuMask | Key::kStopping)) != cpu.number) return false;
  return try_to_run(cpu, cpu.context, end);
}

/// True unless the running thread simply goes on.
bool must_choose(const Cpu& cpu) {
  if (cpu.reschedule || cpu.current == nullptr) return true;
  return cpu.current->state != ThreadState::Ready || (cpu.current->key & Key::kStopping) != 0;
}

/// The thread that ran here, if time of other CPUs waits for it; nobody is awaited then until that is passed on.
Thread* take_awaited(const Cpu& cpu) {
  if (cpu.current == nullptr || (cpu.current->key & Key::kAwaited) == 0) return nullptr;
  cpu.current->key &= ~Key::kAwaited;
  return cpu.current;
}

/// Time of other CPUs that waits for the thread finds it free now, or goes on along its chain, unless it is still the one that runs here.
void pass_on_awaited(const Cpu& cpu, Thread* awaited) {
  if (awaited == nullptr) return;
  if (awaited == cpu.current)
    awaited->key |= Key::kAwaited;
  else
    look_again(*awaited, 0);
}

/// The running thread goes on until the timer's interrupt, which comes at once, if it can.
void keep_if_ready(Cpu& cpu) {
  if (cpu.current != nullptr && cpu.current->state != ThreadState::Ready) cpu.current = nullptr;
}

/// Chooses who runs, or leaves that to the timer's interrupt where something else comes first.
void choose_next(Cpu& cpu, bool in_turn) {
  Thread* awaited = take_awaited(cpu);
  if (cpu.current != nullptr && (cpu.current->key & Key::kStopping) != 0) {
    stop_thread(*cpu.current);
    cpu.current = nullptr;
    cpu.reschedule = true;
  } else if (in_turn) {
    choose(cpu);
  } else {
    keep_if_ready(cpu);
  }
  pass_on_awaited(cpu, awaited);
}

/// Sets the hardware timer for whatever comes first.
void set_hardware_timer(Cpu& cpu) {
  cpu.timers.changed = false;
  u64 next = cpu.timers.next;
  if (cpu.context.raw != 0) {
    u64 turn_ends = cpu.last_accounted + view<SchedulingContext>(cpu.context).left;
    if (next == 0 || turn_ends < next) next = turn_ends;
  }
  if (has_rechecks(cpu)) {
    u64 again = cpu.current != nullptr ? cpu.last_recheck + kRecheckPace : cpu.last_accounted;
    if (next == 0 || again < next) next = again;
  }
  if (cpu.reschedule) next = cpu.last_accounted;
  arch::set_timer(next);
}

/// Kept out of the short way through schedule(), which needs few registers.
[[gnu::noinline]] void schedule_anew(Cpu& cpu) {
  bool in_turn = account(cpu);
  if (must_choose(cpu)) choose_next(cpu, in_turn);
  set_hardware_timer(cpu);
}

}  // namespace

[[gnu::noinline]] void begin_turn(Cpu& cpu, FrameNumber frame, Thread& thread) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  thread.parking.contexts = List{};
  context.parked_on = FrameNumber();
  context.place = Whereabouts::Queued;
  cpu.queue[context.priority] = List{frame, frame};
  cpu.ready |= u64{1} << context.priority;
  context.turn_start = cpu.last_accounted;
  cpu.context = frame;
  u64 ends = cpu.last_accounted + context.left;
  if (cpu.timer_deadline == 0 || ends < cpu.timer_deadline) arch::set_timer(ends);
}

void end_lent_time(Cpu& cpu) {
  Thread& thread = *cpu.current;
  thread.key &= ~Key::kLentTime;
  expedite(thread);
  cpu.reschedule = true;
}

void schedule(Cpu& cpu) {
  if (cpu.current != nullptr && (cpu.current->key & Key::kLentTime) != 0) end_lent_time(cpu);
  // The hardware timer is set for the end of this turn already where nothing else is to be done.
  if (!cpu.timers.changed && (goes_on_along_chain(cpu) || !must_choose(cpu))) return;
  schedule_anew(cpu);
}

void schedule_later(Cpu& cpu) {
  if (!needs_schedule(cpu) && !must_choose(cpu)) return;
  if (cpu.current != nullptr && (cpu.current->key & Key::kLentTime) != 0) end_lent_time(cpu);
  Thread* awaited = take_awaited(cpu);
  keep_if_ready(cpu);
  pass_on_awaited(cpu, awaited);
  cpu.reschedule = true;
  (void)account(cpu);
  set_hardware_timer(cpu);
}

}  // namespace pith
