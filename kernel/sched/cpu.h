// What each CPU has of its own: the running thread, its time, its ready queues and timers.
#pragma once
#include "kernel/memory/frame.h"
#include "kernel/object/link.h"
#include "kernel/sched/timer_wheel.h"

namespace pith {

struct Thread;

inline constexpr u32 kMaximumCpus = 64;

/// Invariants, while the kernel lock is free: `current` is null or a Ready thread whose key names this CPU; no other CPU has the same one.
/// Bit p of `ready` is set if and only if `queue[p]` is not empty; `context` is in its queue or 0.
/// The first line is known to the port's assembly.
struct alignas(64) Cpu {
  Thread* current;        ///< +0: running thread; null when idle
  u64 kernel_stack;       ///< +8: top of this CPU's kernel stack
  u64 guest_registers;    ///< +16: address of the register page while a guest runs, else 0
  u64 scratch;            ///< +24: for the entry path
  u64 vector_live;        ///< +32: 1 while vector registers of `vector_owner` are in the CPU and enabled
  FrameNumber context;    ///< +40: the scheduling context whose time is being used
  FrameNumber vector_owner;  ///< VectorState whose registers are in the CPU, 0 none
  Cpu* self;              ///< +48
  u32 number;
  bool reschedule;        ///< something of higher priority became ready, or the current time ran out
  bool idle;              ///< not in the kernel, and no translation but the kernel's is in use or remembered
  bool vector_wanted;     ///< another CPU needs the VectorState whose registers are here
  u64 ready;              ///< one bit per priority
  List queue[kPriorities];  ///< SchedulingContext, by queue_link
  u64 last_accounted;     ///< nanoseconds; time since then is not yet charged to `context`
  u64 flushed_generation;
  u64 entered;            ///< counter value at the last kernel entry that is measured
  u64 heavy_entry;        ///< `entered` of the last one that did much by itself
  u64 timer_deadline;     ///< what the hardware timer is set for, in nanoseconds
  TimerWheel timers;
  List threads_to_recheck;  ///< Thread, by parking.link: contexts parked there may be able to run
  List doors_to_recheck;    ///< Endpoint, by parking.link: the same
  u64 last_recheck;         ///< nanoseconds; when one of them was last looked at
};

extern "C" {
/// CPU n is online when n < cpu_count. Changes while the machine is started only.
extern u32 cpu_count;
extern Cpu cpus[kMaximumCpus];
}

}  // namespace pith

#include "kernel/arch/contract/cpu.h"

namespace pith {
/// The CPU that this code runs on.
inline Cpu& this_cpu() { return arch::current_cpu(); }

/// This entry does so much that choosing who runs is left to the next one, which comes at once.
inline void note_heavy_entry() { this_cpu().heavy_entry = this_cpu().entered; }
}  // namespace pith
