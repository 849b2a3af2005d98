// Thread: registers, what it is doing, and its links to the threads that it serves and calls.
#pragma once
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"
#include "kernel/object/capability.h"
#include "kernel/object/link.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/parking.h"
#include "kernel/syscall/words.h"

namespace pith {

/// Bits of Thread::key above the number of the CPU that it runs on, or ran on last. The fast path is taken only between threads whose keys are equal, so each of these
/// conditions leads to the slow path without a test of its own. A thread that waits in Endpoint::receiver has at most kVectorLive and kDeadline set.
struct Key {
  static constexpr u32 kCpuMask = 0xff;
  static constexpr u32 kFullFrame = 1u << 8;       ///< resume with all registers from `registers`
  static constexpr u32 kVectorLive = 1u << 9;      ///< its vector registers are in the CPU
  static constexpr u32 kSignalPending = 1u << 10;  ///< its bound notification has bits
  static constexpr u32 kInterrupted = 1u << 11;    ///< the next blocking operation answers Cancelled
  static constexpr u32 kDeadline = 1u << 12;       ///< its timer is armed
  static constexpr u32 kSlowReply = 1u << 13;      ///< runs on time that is not its client's
  static constexpr u32 kInGuest = 1u << 14;        ///< resume in its guest
  static constexpr u32 kFaulted = 1u << 15;        ///< the call that it waits in is its fault
  static constexpr u32 kStopping = 1u << 16;       ///< the CPU that runs it shall stop it
  static constexpr u32 kAwaited = 1u << 17;        ///< runs while time of another CPU is parked on it
  static constexpr u32 kTimeParked = 1u << 18;     ///< while it waits for an answer, time is parked on it whose own end of the chain is too far away
  static constexpr u32 kLentTime = 1u << 19;       ///< runs on the time of a call that it has answered since the scheduler last chose
};

/// Invariants: a.callee is b if and only if b.client is a, and then a waits for b's reply. A thread is in the list of its address space and capability space.
/// The first three lines are known to the port's assembly; the first one is all that an IPC touches besides the callee-saved registers.
struct alignas(kPageSize) Thread {
  static constexpr ObjectType kType = ObjectType::Thread;

  u64 instruction, stack;    ///< +0, +8: where it goes on after a system call
  u64 root, pointer;         ///< +16, +24: translation root and thread pointer, loaded at each switch
  u32 key;                   ///< +32
  FrameNumber waiting_at;    ///< +36: endpoint or notification where it waits or where its call is
  FrameNumber capabilities;  ///< +40: CapabilitySpace; frame 0 is an all-zero one
  FrameNumber self;          ///< +44
  FrameNumber client;        ///< +48: whose call it handles
  ThreadState state;         ///< +52
  FrameNumber callee;        ///< +56: who handles its call
  FrameNumber endpoint;      ///< +60: the one that it serves
  u64 callee_saved[16];      ///< +64

  Words words;               ///< +192: message or results while it does not run
  u64 result;                ///< +240: what the handle's register will hold
  u64 handle;                ///< +248: the operation that it is in
  arch::Registers registers; ///< +256: all of them, after a trap

  FrameNumber space;               ///< AddressSpace
  FrameNumber scheduling_context;  ///< its own time, 0 none
  FrameNumber buffer;              ///< message buffer, a Data frame
  FrameNumber notification;        ///< bound to it
  FrameNumber vector_state;
  FrameNumber guest;               ///< the one that it ran last, or is in
  CapabilitySlot window;           ///< four slots that receive capabilities
  Capability fault;                ///< endpoint for its faults
  Badge caller_badge;              ///< of the capability that its call came through
  u32 level;                       ///< priority at which it waits in a queue
  u32 priority_ceiling;
  u64 set_aside_number;            ///< of its call now set aside
  u64 deadline;                    ///< of its call in progress
  Link queue_link;                 ///< in an endpoint's queue or set-aside list
  Link space_link, capability_link;
  Parking parking;                 ///< SchedulingContexts whose chain ends here while it cannot run for them
  TimerNode timer;

  Result<void> configure(Thread& caller, CapabilitySlot space, CapabilitySlot capabilities, FrameNumber buffer, CapabilitySlot fault,
                         u64 fault_badge, CapabilitySlot window);
  Result<void> start(Thread& caller, u64 instruction, u64 stack, u64 pointer, u64 argument);
  Result<void> stop(Thread& caller);
  Result<void> resume(Thread& caller);
  Result<ThreadReadRegistersResult> read_registers(Thread& caller, u64 first);
  Result<void> write_register(Thread& caller, u64 index, u64 value);
  Result<void> interrupt(Thread& caller);
  Result<void> set_pointer(Thread& caller, u64 pointer);
  Result<ThreadStatusResult> status(Thread& caller);
  Result<void> set_vector_state(Thread& caller, CapabilitySlot state);
};
static_assert(sizeof(Thread) == kPageSize);
static_assert(offsetof(Thread, key) == 32 && offsetof(Thread, client) == 48 && offsetof(Thread, callee_saved) == 64);
static_assert(offsetof(Thread, words) == 192 && offsetof(Thread, result) == 240 && offsetof(Thread, registers) == 256);

/// Makes the zeroed frame a thread that has never run.
void initialise_thread(FrameNumber frame, u32 priority_ceiling);

/// Ends whatever the thread, which no other CPU runs, is blocked in; it is inactive afterwards and off every queue. Its client's call goes back to the queue.
void stop_thread(Thread& thread);

/// Ends its blocking operation, if it is in one that can be cut short, with `error`. True if it did.
bool cancel_wait(Thread& thread, Error error);

/// Ties a detached thread to its address space, capability space and message buffer (0: none).
void attach_thread(Thread& thread, FrameNumber space, FrameNumber capabilities, FrameNumber buffer);

/// Out of the list of its address space, or its capability space, if it has one.
void leave_address_space(Thread& thread);
void leave_capability_space(Thread& thread);

/// Takes the thread's links to address space, capability space, buffer and fault endpoint away. It must be inactive.
void detach_thread(Thread& thread);

/// True if the thread has been interrupted, which is used up: its blocking operation answers Cancelled.
inline bool take_interruption(Thread& thread) {
  bool interrupted = (thread.key & Key::kInterrupted) != 0;
  thread.key &= ~Key::kInterrupted;
  return interrupted;
}

/// Completes a blocked thread's operation: it will return `status` and become ready.
void complete(Thread& thread, u64 status);

/// The same for a thread without a deadline.
void end_wait(Thread& thread, u64 status);

/// The status word for an error.
constexpr u64 error_status(Error error) { return u64{1} << 63 | u64(error); }

}  // namespace pith
