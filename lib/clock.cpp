// Time from the processor's counter.
#include "lib/clock.h"

#include "lib/start.h"
#include "lib/thread.h"

namespace pith {

u64 now() {
  const StartInformation& start = start_information();
  u64 ticks = __builtin_ia32_rdtsc() - start.counter_start;
  return u64(static_cast<unsigned __int128>(ticks) * start.counter_multiplier >> 32);
}

void sleep_for(u64 nanoseconds) {
  u64 deadline = now() + nanoseconds;
  while (now() < deadline) {
    if (!Thread::current().park(deadline)) return;  // TimedOut is the rule; an interruption ends it, too
  }
}

}  // namespace pith
