// A component with a share of time: it may give its own threads what it has, and no more.
#include "abi/kernel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/start.h"
#include "lib/thread.h"

namespace {

using namespace pith;

constexpr u64 kPeriod = 10 * kMillisecond;
constexpr u32 kParts = 4;  // of a sixteenth of a CPU that its share of 40 %, less 10 % for the first thread, has room for

Result<void> configure(FramePool& pool, u64 budget) {
  kernel::SchedulingContext time{TRY(pool.create_object(ObjectType::SchedulingContext))};
  return time.configure(1, budget, kPeriod, 0);
}

void set_flag(void* flag) { *static_cast<volatile bool*>(flag) = true; }

/// Empty, or what was not as it should be.
const char* mistake(FramePool& pool) {
  static volatile bool has_run = false;
  auto thread = Thread::spawn(pool, set_flag, const_cast<bool*>(&has_run), 10, 8);
  if (!thread) return "a thread cannot be made";
  while (!(*thread)->has_finished()) sleep_for(kMillisecond);
  if (!has_run) return "the thread did not run";
  thread->reset();
  auto all = configure(pool, kPeriod);
  if (all || all.error() != Error::Limit) return "a whole CPU is given";
  for (u32 i = 0; i < kParts; i++) {
    if (!configure(pool, kPeriod / 16)) return "a part of the share is refused";
  }
  auto more = configure(pool, kPeriod / 16);
  if (more || more.error() != Error::Limit) return "more than the share is given";
  return "";
}

}  // namespace

int main() {
  auto pool = FramePool::instance();
  if (!pool) return 1;
  const char* text = mistake(*pool);
  if (*text == 0) {
    log_line(LogLevel::Information, "its share is kept");
  } else {
    log_line(LogLevel::Error, "FAILED: %s", text);
  }
}
