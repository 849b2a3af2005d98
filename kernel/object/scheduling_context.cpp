// Configuring time and giving it to threads.
#include "kernel/object/scheduling_context.h"

#include "kernel/object/capability_space.h"
#include "kernel/object/region.h"
#include "kernel/object/thread.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"

namespace pith {

namespace {
constexpr u64 kShortestBudget = 10'000;            // ten microseconds: shorter turns would only be entries and exits
constexpr u64 kLongestPeriod = 60'000'000'000;     // one minute

/// What part of a CPU a budget in each period is, rounded up.
u64 share_of(u64 budget, u64 period) { return (budget * kWholeCpu + period - 1) / period; }
}  // namespace

Result<void> SchedulingContext::configure(Thread&, u64 new_priority, u64 new_budget, u64 new_period, u64 new_cpu) {
  Region& owner = view<Region>(info(frame_of(*this)).owner);
  if (new_priority >= kPriorities || new_cpu >= cpu_count) return Error::BadArgument;
  if (new_priority > owner.priority_ceiling) return Error::Limit;
  if (new_budget < kShortestBudget || new_budget > new_period || new_period > kLongestPeriod) return Error::BadArgument;
  if (thread.raw != 0) return Error::Busy;
  u64 new_share = share_of(new_budget, new_period);
  if (!has_time_for(owner, share, new_share)) return Error::Limit;

  owner.time_given += new_share - share;
  share = new_share;
  priority = u32(new_priority);
  cpu = u32(new_cpu);
  grant_budget(*this, new_budget, new_period);
  configured = true;
  return {};
}

Result<void> SchedulingContext::bind(Thread& caller, CapabilitySlot thread_slot) {
  Capability& capability = TRY(check_capability(caller, thread_slot, ObjectType::Thread, right::Thread::Control));
  Thread& target = view<Thread>(capability.frame);
  FrameNumber self = frame_of(*this);
  if (thread.raw != 0 || target.scheduling_context.raw != 0) return Error::Busy;
  if (!configured) return Error::NotConfigured;
  TRY(check_open(info(self).owner));
  TRY(check_open(info(capability.frame).owner));

  thread = capability.frame;
  target.scheduling_context = self;
  if (left == 0)
    arm_timer(self, next_replenishment(*this));  // exhausted when it was unbound, and still owed
  else
    enqueue_context(self);
  return {};
}

Result<void> SchedulingContext::unbind(Thread&) {
  if (thread.raw == 0) return Error::BadState;

  unbind_context(frame_of(*this));
  return {};
}

Result<SchedulingContextStatusResult> SchedulingContext::status(Thread&) { return time_until_now(frame_of(*this)); }

SchedulingContextStatusResult time_until_now(FrameNumber frame) {
  const SchedulingContext& context = view<SchedulingContext>(frame);
  const Cpu& cpu = cpus[context.cpu % kMaximumCpus];
  u64 now = arch::now(), since = cpu.last_accounted;
  u64 passed = cpu.context == frame && since < now ? now - since : 0;  // another CPU may have charged it at this very moment
  return {context.used + passed, passed < context.left ? context.left - passed : 0};
}

[[gnu::noinline]] void unbind_context(FrameNumber frame) {
  SchedulingContext& context = view<SchedulingContext>(frame);
  Cpu& cpu = cpus[context.cpu];
  if (cpu.context == frame) settle(cpu);  // what was used until now counts
  disarm_timer(frame);
  withdraw_context(frame);
  if (cpu.context == frame) {
    cpu.context = FrameNumber();
    reschedule_on(cpu);
  }
  Thread& thread = view<Thread>(context.thread);
  recheck_below(thread);  // servers that it helped go on with time of their own
  thread.scheduling_context = FrameNumber();
  context.thread = FrameNumber();
}

}  // namespace pith
