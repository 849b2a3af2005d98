// Timer wheel: hashed hierarchical timing wheels after Varghese and Lauck (SOSP 1987), with a bitmap per level.
#include "kernel/sched/timer_wheel.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {
constexpr u32 kDigitBits = 6;

Link& link_of(FrameNumber frame) { return timer_node(frame).link; }
}  // namespace

TimerNode& timer_node(FrameNumber frame) {
  return info(frame).type == ObjectType::Thread ? view<Thread>(frame).timer : view<SchedulingContext>(frame).timer;
}

[[gnu::noinline]] void TimerWheel::insert_node(FrameNumber frame) {
  TimerNode& node = timer_node(frame);
  u64 difference = node.tick ^ position;
  u32 level = difference == 0 ? 0 : u32(63 - __builtin_clzll(difference)) / kDigitBits;
  if (level >= kTimerLevels) {
    // Farther away than the wheel reaches (2^60 ns): park it in the last slot of the highest level; it is put in again from there.
    level = kTimerLevels - 1;
    node.slot = kTimerSlots - 1;
  } else {
    node.slot = u8(node.tick >> (level * kDigitBits) & (kTimerSlots - 1));
  }
  node.level = u8(level);
  push_back(slot[level][node.slot], frame, link_of);
  occupied[level] |= u64{1} << node.slot;
  node.armed = true;
}

[[gnu::noinline]] void TimerWheel::remove_node(FrameNumber frame) {
  TimerNode& node = timer_node(frame);
  List& list = slot[node.level % kTimerLevels][node.slot % kTimerSlots];
  remove(list, frame, link_of);
  if (list.is_empty()) occupied[node.level % kTimerLevels] &= ~(u64{1} << node.slot);
  node.armed = false;
}

u64 TimerWheel::begin_of(u32 level, u64 number) const {
  u32 shift = level * kDigitBits;
  return ((position >> shift >> kDigitBits << kDigitBits) | number) << shift;
}

void TimerWheel::arm(FrameNumber frame, u64 deadline, u64 now) {
  // Nothing happens before `next`, so the hand may go on to now: the node does not land in a slot that is long over.
  u64 now_tick = now >> kTimerTickShift;
  if ((next == 0 || now < next) && position < now_tick) position = now_tick;
  TimerNode& node = timer_node(frame);
  u64 tick = (deadline >> kTimerTickShift) + (deadline % (u64{1} << kTimerTickShift) != 0);  // rounded up, without overflow
  node.tick = tick < position ? position : tick;
  insert_node(frame);
  u64 begins = begin_of(node.level, node.slot) << kTimerTickShift;
  if (begins == 0) begins = 1;
  if (next != 0 && next <= begins) return;
  next = begins;
  changed = true;
}

[[gnu::noinline]] void disarm_timer(FrameNumber frame) {
  TimerNode& node = timer_node(frame);
  if (node.armed) cpus[node.cpu % kMaximumCpus].timers.remove_node(frame);
}

[[gnu::noinline]] void arm_timer(FrameNumber frame, u64 deadline) {
  ASSERT(!timer_node(frame).armed);
  Cpu& here = this_cpu();
  timer_node(frame).cpu = u8(here.number);
  here.timers.arm(frame, deadline, here.last_accounted);
}

[[gnu::noinline]] u32 TimerWheel::earliest() const {
  // Of two that begin together the higher one, for what it still holds belongs into the lower ones.
  u64 earliest_begins = ~u64{0};
  u32 found = kNothingArmed;
  for (u32 level = 0; level < kTimerLevels; level++) {
    if (occupied[level] == 0) continue;
    u32 number = u32(__builtin_ctzll(occupied[level]));
    u64 begins = begin_of(level, number);
    if (begins > earliest_begins) continue;
    earliest_begins = begins;
    found = level * kTimerSlots + number;
  }
  return found;
}

void TimerWheel::advance(u64 now) {
  u64 now_tick = now >> kTimerTickShift;
  u32 first = earliest();
  u64 begins = begin_of(first / kTimerSlots, first % kTimerSlots);
  if (first != kNothingArmed && begins <= now_tick) {
    if (begins > position) position = begins;
    FrameNumber frame = slot[first / kTimerSlots][first % kTimerSlots].first;
    remove_node(frame);
    if (timer_node(frame).tick <= now_tick)  // correctness is checked here; the slot was only a hint
      timer_fired(frame);
    else
      insert_node(frame);
    first = earliest();
    begins = begin_of(first / kTimerSlots, first % kTimerSlots);
  }
  next = first == kNothingArmed ? 0 : begins << kTimerTickShift;
  if (first != kNothingArmed && next == 0) next = 1;
}

}  // namespace pith
