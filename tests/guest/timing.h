// What the tests of the kernel's time share: threads with budgets, work of a known length, figures against limits.
#pragma once
#include "tests/guest/machine.h"

namespace pith::timing {

using guest_test::Made;

inline constexpr u64 kMicrosecond = 1'000, kMillisecond = 1'000'000, kSecond = 1'000'000'000;
/// Of the kernel's timer wheel.
inline constexpr u64 kTimerTick = 4096;
inline constexpr u64 kWholeCpu = 65536;

/// Processors, and whether time counts instructions: only then are figures exact. Otherwise the host's other work is in them.
extern u64 cpus;
extern bool is_exact;

u64 now();
/// Waits until `time`, or for a signal of the test's own notification.
void sleep_until(u64 time);
inline void sleep(u64 nanoseconds) { sleep_until(now() + nanoseconds); }

/// About `instructions` of user code.
inline void compute(u64 instructions) {
  u64 rounds = instructions / 2 + 1;
  asm volatile("1: dec %0\n jnz 1b" : "+r"(rounds));
}

/// A thread of this program with its own time.
struct Thread {
  Made made;
  u32 priority;
};
Thread new_thread(u32 priority);
/// Gives it `budget` nanoseconds in each `period` of a CPU and starts it.
void start(const Thread& thread, void (*entry)(u64), u64 argument, u64 cpu = 0, u64 budget = 10 * kMillisecond, u64 period = 10 * kMillisecond);
void stop(const Thread& thread);
/// Nanoseconds that its time was used.
u64 used(CapabilitySlot context);

/// A thread without end that computes; argument: the address of a counter of millions of instructions, or 0.
[[noreturn]] void hog(u64 counter);

/// Prints `name value`.
void report(const char* name, u64 value);
/// Prints `name value of limit`, and ends the test when the value is above the limit.
void check(const char* name, u64 value, u64 limit);
/// Ends the test with a text.
[[noreturn]] void failed(const char* text);
/// Waits until `condition` holds; ends the test with `text` after `patience` nanoseconds.
template <class Condition>
void wait_for(Condition condition, u64 patience, const char* text) {
  u64 limit = now() + patience;
  while (!condition()) {
    if (now() > limit) failed(text);
    sleep(kMillisecond);
  }
}

/// A client with a tiny budget calls a server with long requests: others wait for one of them at most.
void check_tiny_budget();
/// A client of low priority is inside a chain of four servers when one of high priority calls: nobody between them delays it.
void check_inversion();
/// No stretch of time sees more of a budget than it allows, and hogs get what is theirs.
void check_budgets();
/// A component with a thousand threads above everybody else takes no more than its share of time.
void check_share();

}  // namespace pith::timing
