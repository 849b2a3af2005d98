// Budgets: a sporadic server (Sprunt, Sha and Lehoczky 1989). What a turn uses comes back one period after the turn began.
#pragma once
#include "base/types.h"

namespace pith {

struct SchedulingContext;

/// A part of a budget that was used and comes back.
struct Replenishment {
  u64 time;    ///< when, in nanoseconds
  u64 amount;  ///< how much
};

/// Parts that a context keeps apart; when more come, the last ones come back together, at the later time.
inline constexpr u32 kReplenishments = 4;

/// True when its budget is smaller than its period.
bool is_limited(const SchedulingContext& context);

/// Gives a context that is not in use a budget. A limited one begins empty: new time comes as late as if the budget had just been used.
void grant_budget(SchedulingContext& context, u64 budget, u64 period);

/// Takes `passed` nanoseconds, used since its turn began, from what is left; what is more than that is owed from the next part that comes back.
void charge(SchedulingContext& context, u64 passed);

/// When a context with nothing left gets the next part back.
u64 next_replenishment(const SchedulingContext& context);

/// Gives a context with nothing left the part that is due. Nothing may still be left when it owes as much.
void give_back(SchedulingContext& context, u64 now);

}  // namespace pith
