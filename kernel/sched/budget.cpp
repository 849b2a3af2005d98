// What is left of a budget and what comes back later: together always the budget of a limited context, so that no period of time sees more.
#include "kernel/sched/budget.h"

#include "kernel/arch/contract/cpu.h"
#include "kernel/object/scheduling_context.h"

namespace pith {

namespace {

/// Notes that `amount`, used since `start`, comes back a period later. Starts come in order. Where there is no room for one more, all of the
/// last part comes as late: never too early.
void put_back(SchedulingContext& context, u64 start, u64 amount) {
  u64 time = start + context.period;
  u32 last = (context.first_pending + context.pending_count + kReplenishments - 1) % kReplenishments;
  bool joins = context.pending_count == kReplenishments || (context.pending_count != 0 && context.pending[last].time == time);
  if (!joins) {
    last = (context.first_pending + context.pending_count) % kReplenishments;
    context.pending[last].amount = 0;
    context.pending_count++;
  }
  context.pending[last].time = time;
  context.pending[last].amount += amount;
}

}  // namespace

bool is_limited(const SchedulingContext& context) { return context.budget != context.period; }

void grant_budget(SchedulingContext& context, u64 budget, u64 period) {
  context.budget = budget;
  context.period = period;
  context.debt = 0;
  context.first_pending = 0;
  context.pending_count = 0;
  context.left = budget;
  if (budget == period) return;
  context.left = 0;
  context.pending_count = 1;
  context.pending[0] = {arch::now() + period - budget, budget};
}

void charge(SchedulingContext& context, u64 passed) {
  context.used += passed;
  u64 spent = passed < context.left ? passed : context.left;
  context.left -= spent;
  if (!is_limited(context)) return;
  context.debt += passed - spent;
  if (spent != 0) put_back(context, context.turn_start, spent);
}

u64 next_replenishment(const SchedulingContext& context) { return context.pending[context.first_pending % kReplenishments].time; }

[[gnu::noinline]] void give_back(SchedulingContext& context, u64 now) {
  u64 amount = context.pending[context.first_pending % kReplenishments].amount;
  context.first_pending = (context.first_pending + 1) % kReplenishments;
  context.pending_count--;
  u64 paid = context.debt < amount ? context.debt : amount;
  context.debt -= paid;
  context.left = amount - paid;
  if (paid != 0) put_back(context, now, paid);
}

}  // namespace pith
