// Scheduling contexts: budgets of time at one priority on one CPU, each lent to at most one thread.
#include "spec/parts.h"

namespace pith::spec {

namespace {
constexpr u64 kShortestBudget = 10'000;         // nanoseconds
constexpr u64 kLongestPeriod = 60'000'000'000;  // one minute
}  // namespace

void unbind_context(FrameNumber self) {
  SchedulingContext& context = scheduling_contexts[self];
  context.replenished_at = 0;
  if (state.cpus[context.cpu].context == self) state.cpus[context.cpu].context = FrameNumber();
  threads[context.thread].scheduling_context = FrameNumber();
  context.thread = FrameNumber();
}

u64 uncharged(FrameNumber self) {
  const Cpu& cpu = state.cpus[scheduling_contexts[self].cpu];
  return cpu.context == self && cpu.charged < state.now ? state.now - cpu.charged : 0;
}

Error scheduling_context_configure(FrameNumber, FrameNumber self, u64 priority, u64 budget, u64 period, u64 cpu) {
  SchedulingContext& context = scheduling_contexts[self];
  if (priority >= kPriorities || cpu >= state.cpu_count) return Error::BadArgument;
  if (priority > regions[frames[self].owner].priority_ceiling) return Error::Limit;
  if (budget < kShortestBudget || budget > period || period > kLongestPeriod) return Error::BadArgument;
  if (context.thread.raw != 0) return Error::Busy;
  u64 share = (budget * kWholeCpu + period - 1) / period;
  if (!has_time_for(frames[self].owner, context.share, share)) return Error::Limit;

  regions[frames[self].owner].time_given += share - context.share;
  context.share = share;
  context.priority = u8(priority);
  context.cpu = u8(cpu);
  context.budget = budget;
  context.period = period;
  // A limited budget comes as late as if it had just been used.
  bool is_limited = budget < period;
  context.left = is_limited ? 0 : budget;
  context.comes_back_at = is_limited ? state.now + period - budget : 0;
  context.configured = true;
  return kSuccess;
}

Error scheduling_context_bind(FrameNumber caller, FrameNumber self, CapabilitySlot slot) {
  FrameNumber thread = TRY(lookup(caller, slot, ObjectType::Thread, right::Thread::Control)).frame;
  SchedulingContext& context = scheduling_contexts[self];
  if (context.thread.raw != 0 || threads[thread].scheduling_context.raw != 0) return Error::Busy;
  if (!context.configured) return Error::NotConfigured;
  if (!is_open(frames[self].owner) || !is_open(frames[thread].owner)) return Error::Closing;

  context.thread = thread;
  threads[thread].scheduling_context = self;
  if (context.left == 0) context.replenished_at = context.comes_back_at;  // it ran out before it was unbound
  return kSuccess;
}

Error scheduling_context_unbind(FrameNumber, FrameNumber self) {
  if (scheduling_contexts[self].thread.raw == 0) return Error::BadState;
  unbind_context(self);
  return kSuccess;
}

Error scheduling_context_status(FrameNumber, FrameNumber self, Results& results) {
  u64 left = scheduling_contexts[self].left, passed = uncharged(self);
  results = {{scheduling_contexts[self].used + passed, passed < left ? left - passed : 0}};
  return kSuccess;
}

}  // namespace pith::spec
