// Timer wheel: hashed hierarchical timing wheels after Varghese and Lauck (SOSP 1987), with a bitmap per level.
#include "kernel/sched/timer_wheel.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {
constexpr u32 kMovesPerEntry = 4;
constexpr u32 kDigitBits = 6;

Link& link_of(FrameNumber frame) { return timer_node(frame).link; }
}  // namespace

TimerNode& timer_node(FrameNumber frame) {
  return info(frame).type == ObjectType::Thread ? view<Thread>(frame).timer : view<SchedulingContext>(frame).timer;
}

void TimerWheel::insert(FrameNumber frame, TimerNode& node) {
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
}

void TimerWheel::take(FrameNumber frame, TimerNode& node) {
  List& list = slot[node.level % kTimerLevels][node.slot % kTimerSlots];
  remove(list, frame, link_of);
  if (list.is_empty()) occupied[node.level % kTimerLevels] &= ~(u64{1} << node.slot);
}

void TimerWheel::arm(FrameNumber frame, u64 deadline) {
  TimerNode& node = timer_node(frame);
  u64 tick = (deadline >> kTimerTickShift) + (deadline % (u64{1} << kTimerTickShift) != 0);  // rounded up, without overflow
  node.tick = tick < position ? position : tick;
  node.armed = true;
  changed = true;
  insert(frame, node);
}

void TimerWheel::disarm(FrameNumber frame) {
  TimerNode& node = timer_node(frame);
  take(frame, node);
  node.armed = false;
  changed = true;
}

void disarm_timer(FrameNumber frame) {
  TimerNode& node = timer_node(frame);
  if (node.armed) cpus[node.cpu % kMaximumCpus].timers.disarm(frame);
}

void arm_timer(FrameNumber frame, u64 deadline) {
  disarm_timer(frame);
  Cpu& here = this_cpu();
  timer_node(frame).cpu = u8(here.number);
  here.timers.arm(frame, deadline);
}

void TimerWheel::advance(u64 now) {
  changed = false;
  next = move(now);
}

u64 TimerWheel::move(u64 now) {
  u64 now_tick = now >> kTimerTickShift;
  for (u32 moves = 0; moves <= kMovesPerEntry; moves++) {
    u32 level = 0;
    while (level < kTimerLevels && occupied[level] == 0) level++;
    if (level == kTimerLevels) return 0;
    u32 first = u32(__builtin_ctzll(occupied[level]));
    u64 shift = u64{level} * kDigitBits;
    u64 start = ((position >> shift >> kDigitBits << kDigitBits) | first) << shift;
    if (start > now_tick) return start << kTimerTickShift;
    if (moves == kMovesPerEntry) return now;
    if (start > position) position = start;
    FrameNumber frame = slot[level][first].first;
    TimerNode& node = timer_node(frame);
    take(frame, node);
    if (node.tick <= now_tick) {  // correctness is checked here; the slot was only a hint
      node.armed = false;
      timer_fired(frame);
    } else {
      insert(frame, node);
    }
  }
  return now;
}

}  // namespace pith
