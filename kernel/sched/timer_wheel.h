// Timers: a wheel of 8 levels of 64 slots; a node moves at most seven times and each kernel entry moves at most four.
#pragma once
#include "kernel/object/link.h"

namespace pith {

/// Ticks of the wheel are 4096 ns.
inline constexpr u32 kTimerTickShift = 12;
inline constexpr u32 kTimerLevels = 8;
inline constexpr u32 kTimerSlots = 64;

/// A timer's place in the wheel; it lies in a Thread or a SchedulingContext, whose frame names it.
struct TimerNode {
  Link link;
  u64 tick;   ///< fires when the wheel reaches it
  u8 level, slot;
  u8 cpu;     ///< whose wheel it is in
  bool armed;
};

/// Invariant: an armed node's tick is at least `position`, or its slot is the one of its level that `position` is in, which is moved next; its level is
/// that of the highest base-64 digit in which tick and `position` differed when it was put in, its slot is that digit of tick; bit s of occupied[l] is
/// set if and only if slot[l][s] is not empty.
struct TimerWheel {
  u64 position;
  u64 next;      ///< what advance() answered last
  bool changed;  ///< since then a node was armed or disarmed, a parked context is to be looked at again, or the timer interrupted
  u64 occupied[kTimerLevels];
  List slot[kTimerLevels][kTimerSlots];

  /// Puts the node, which is in no wheel, in for `deadline` (nanoseconds).
  void arm(FrameNumber frame, u64 deadline);
  /// Takes it, which is in this wheel, out.
  void disarm(FrameNumber frame);
  /// Moves or fires at most four nodes that are due at `now`; `next` is when to come back in nanoseconds, 0 never.
  void advance(u64 now);

 private:
  void insert(FrameNumber frame, TimerNode& node);
  void take(FrameNumber frame, TimerNode& node);
  u64 move(u64 now);
};

/// Arms the node in `frame` for `deadline` (nanoseconds) in this CPU's wheel, wherever it was before.
void arm_timer(FrameNumber frame, u64 deadline);
/// Disarms it if it is armed, in whatever CPU's wheel.
void disarm_timer(FrameNumber frame);

/// The node in the thread or scheduling context that lies in `frame`.
TimerNode& timer_node(FrameNumber frame);
/// Arms the node of the thread or scheduling context in `frame` on a CPU's wheel, wherever it was before.
void arm_timer(u32 cpu, FrameNumber frame, u64 deadline);
/// Disarms it if it is armed.
void disarm_timer(FrameNumber frame);
/// What happens when it fires.
void timer_fired(FrameNumber frame);

}  // namespace pith
