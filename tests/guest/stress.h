// What the parts of the stress test share: workers on every CPU that build components, set them going, and take them apart.
#pragma once
#include "tests/guest/machine.h"

namespace pith::stress {

inline constexpr u32 kWorkers = 4;
/// Priorities: the driver is root, above all.
inline constexpr u32 kWorkerPriority = 20, kClientPriority = 16, kServerPriority = 14, kComponentPriority = 10;
inline constexpr u64 kTurn = 2'000'000;

/// Kinds of operation; each must succeed often.
enum class Kind : u32 { Build, Reclaim, Stop, Resume, Migrate, Reuse, Share, Revoke, Signal, Cancel, Flush, Restart, Rebind, Call, SetAside, Answer, Cancelled, Count };
inline constexpr const char* kNames[] = {"build",  "reclaim", "stop",    "resume", "migrate", "reuse",     "share",  "revoke",   "signal",
                                         "cancel", "flush",   "restart", "rebind", "call",    "set aside", "answer", "cancelled"};

/// Notes a success.
void count(Kind kind);
/// Notes something that must not be; the test ends with it.
void mistake(u32 worker, const char* what, u64 value);

/// One sequence of random numbers.
struct Random {
  u64 state;
  u64 operator()() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
  u64 below(u64 limit) { return (*this)() % limit; }
};

/// What a component's thread reads and writes in a page of its own; its program is stress_program.
struct Parameters {
  u64 handle;      ///< entered after each round, 0: none
  u64 loops;
  u64 target;      ///< address that each round writes `value` to
  u64 value;
  u64 entries;
  u64 mismatches;  ///< rounds in which the vector registers were not as left
  u64 clock;       ///< handle of now, 0: no rest
  u64 pause;       ///< handle of a wait: from time to time it lets others run
};

inline constexpr u32 kThreads = 3;  ///< of a component
inline constexpr u32 kFrames = 48;  ///< given to a component

/// A server and its client, which live as long as the test.
struct Partners {
  CapabilitySlot endpoint, notification;
  guest_test::Made server, client;
  u64 tokens[4];
  u32 token_count;
  Random server_random, client_random;
  volatile u64 beats;  ///< of the server
  volatile u64 calls;  ///< of the client, answered
  volatile bool has_ended;  ///< the worker
};
extern Partners partners[kWorkers];
/// Set at the end: all threads come to rest.
extern volatile bool is_over;
extern u32 cpus;

[[noreturn]] void serve(u64 worker);
[[noreturn]] void call_servers(u64 worker);
[[noreturn]] void work(u64 worker);

/// Makes what workers need, before they start.
void prepare_worker(u32 worker, u64 seed);
/// Frames of the worker that are not free at the end.
void check_worker(u32 worker);

/// A high-priority client gets its answer although one of middle priority never lets its low-priority server run: on one CPU, and across two.
void check_helping();

u64 now();
/// Waits for some time at `notification`.
void sleep(CapabilitySlot notification, u64 nanoseconds);
/// Gives the thread's time to another CPU.
bool move(CapabilitySlot context, CapabilitySlot thread, u32 priority, u64 cpu);

/// Repeats until the answer is not Again. The other CPUs, perhaps virtual ones on a busy host, get time to answer.
template <class Operation>
auto insist(CapabilitySlot notification, Operation operation) -> decltype(operation()) {
  for (u64 round = 0;; round++) {
    auto result = operation();
    if (result || result.error() != Error::Again) return result;
    if (round > 2) sleep(notification, 50'000);
  }
}

/// As REQUIRE, for threads: a failure is a mistake of `worker`.
#define EXPECT_OK(worker, expression)                                                               \
  ({                                                                                                \
    auto result_of_expect = (expression);                                                           \
    if (!result_of_expect) ::pith::stress::mistake(worker, #expression, u64(result_of_expect.error())); \
    *result_of_expect;                                                                              \
  })

}  // namespace pith::stress
