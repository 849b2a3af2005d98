// SchedulingContext: authority over time on one CPU, at one priority.
#pragma once
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"
#include "kernel/object/link.h"
#include "kernel/sched/budget.h"
#include "kernel/sched/timer_wheel.h"

namespace pith {

/// Where a scheduling context is.
enum class Whereabouts : u32 {
  Nowhere,  ///< unbound, or out of budget
  Queued,   ///< in its CPU's ready queue
  Parked,   ///< on the thread where its chain ended: blocked, or of another CPU
  AtDoor,   ///< at the endpoint without a server where its chain ended
};

/// Invariants: what is left and what is pending are together the budget where that is smaller than the period. Bound to `thread` if and only if that thread's scheduling_context is this frame.
struct alignas(kPageSize) SchedulingContext {
  static constexpr ObjectType kType = ObjectType::SchedulingContext;
  FrameNumber thread;
  u32 priority;
  u32 cpu;
  bool configured;
  Whereabouts place;
  FrameNumber parked_on;  ///< Thread or Endpoint, while parked
  u64 parked_at;          ///< instant of the parking clock
  Link queue_link;
  u64 budget, period;     ///< nanoseconds; equal: always ready, the budget is only its turn
  u64 left;               ///< of the budget
  u64 debt;               ///< used beyond what was left, to be taken from what comes back
  u64 turn_start;         ///< when a CPU began to use it without a break
  u64 used;               ///< in all
  u64 share;              ///< of a CPU, as its region's account knows it
  Replenishment pending[kReplenishments];  ///< a ring, in order of time
  u32 first_pending, pending_count;
  TimerNode timer;        ///< replenishes it

  Result<void> configure(Thread& caller, u64 priority, u64 budget, u64 period, u64 cpu);
  Result<void> bind(Thread& caller, CapabilitySlot thread);
  Result<void> unbind(Thread& caller);
  Result<SchedulingContextStatusResult> status(Thread& caller);
};

/// What has been used and what is left until now, the turn in progress included.
SchedulingContextStatusResult time_until_now(FrameNumber context);

/// Takes the time away from its thread and out of every list. It must be bound.
void unbind_context(FrameNumber context);

}  // namespace pith
