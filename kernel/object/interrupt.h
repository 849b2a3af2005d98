// Interrupt: one line, which signals a notification and stays masked until acknowledged, or one message, which just signals.
#pragma once
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"
#include "kernel/object/capability.h"

namespace pith {

/// Interrupt lines that the kernel knows of.
inline constexpr u32 kInterruptLines = 256;

/// Invariant: interrupt_lines[line] is this frame.
struct alignas(kPageSize) Interrupt {
  static constexpr ObjectType kType = ObjectType::Interrupt;
  u32 line;
  Capability notification;  ///< checked at each interrupt, so that it may go stale
  u64 bits;

  Result<void> bind(Thread& caller, CapabilitySlot notification, u64 bits);
  Result<void> acknowledge(Thread& caller);
  Result<InterruptRouteResult> route(Thread& caller, u64 cpu);
};

/// The Interrupt of each line, 0: none.
extern FrameNumber interrupt_lines[kInterruptLines];

/// A device raised its line, which is masked now, or sent its message: signals.
void interrupt_raised(u32 line);

}  // namespace pith
