// Timers: a wheel of 8 levels of 64 slots; a node moves at most seven times and each interrupt of the timer moves at most one.
#pragma once
#include "kernel/object/link.h"

namespace pith {

/// Ticks of the wheel are 4096 ns.
inline constexpr u32 kTimerTickShift = 12;
inline constexpr u32 kTimerLevels = 8;
inline constexpr u32 kTimerSlots = 64;
inline constexpr u32 kNothingArmed = kTimerLevels * kTimerSlots;

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
  u64 next;      ///< no slot that holds a node begins earlier, in nanoseconds; 0: there is none
  bool changed;  ///< since the hardware timer was set `next` came nearer, a parked context is to be looked at again, or the timer interrupted
  u64 occupied[kTimerLevels];
  List slot[kTimerLevels][kTimerSlots];

  /// Puts the node, which is in no wheel, in for `deadline`. `now` is a time that has been (both nanoseconds).
  void arm(FrameNumber frame, u64 deadline, u64 now);
  /// Puts the node, which is in no wheel and has its tick and this wheel's CPU, in its slot. Does not look when the timer must interrupt.
  void insert_node(FrameNumber frame);
  /// Takes it, which is in this wheel, out.
  void remove_node(FrameNumber frame);
  /// True when advance() may find something to do at `now`.
  bool is_due(u64 now) const { return next != 0 && next <= now; }
  /// Moves or fires at most one node that is due at `now`, and finds out when the next one is.
  void advance(u64 now);

  /// The slot that holds nodes and begins first, as level * kTimerSlots + number; kNothingArmed: there is none.
  u32 earliest() const;

 private:
  /// The tick at which a slot begins.
  u64 begin_of(u32 level, u64 number) const;
};

/// Arms the node in `frame`, which is not armed, for `deadline` (nanoseconds) in this CPU's wheel.
void arm_timer(FrameNumber frame, u64 deadline);
/// Disarms it if it is armed, in whatever CPU's wheel.
void disarm_timer(FrameNumber frame);

/// The node in the thread or scheduling context that lies in `frame`.
TimerNode& timer_node(FrameNumber frame);
/// What happens when it fires.
void timer_fired(FrameNumber frame);

}  // namespace pith
