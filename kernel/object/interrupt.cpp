// Interrupts become signals.
#include "kernel/object/interrupt.h"

#include "kernel/arch/contract/interrupts.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/notification.h"
#include "kernel/sched/cpu.h"

namespace pith {

FrameNumber interrupt_lines[kInterruptLines];

Result<void> Interrupt::bind(Thread& caller, CapabilitySlot slot, u64 new_bits) {
  Capability& capability = TRY(check_capability(caller, slot, ObjectType::Notification, right::Notification::Signal));
  if (new_bits == 0) return Error::BadArgument;
  TRY(check_open(info(frame_of(*this)).owner));

  notification = capability;
  bits = new_bits;
  arch::unmask_line(line);
  return {};
}

Result<void> Interrupt::acknowledge(Thread&) {
  if (!notification.is_live()) return Error::NotConfigured;
  arch::unmask_line(line);
  return {};
}

Result<InterruptRouteResult> Interrupt::route(Thread&, u64 cpu) {
  if (cpu >= cpu_count) return Error::BadArgument;
  if (is_message_line(line)) return InterruptRouteResult{arch::message_address(u32(cpu)), arch::message_data(line)};

  arch::route_line(line, u32(cpu));
  return InterruptRouteResult{0, 0};
}

void interrupt_raised(u32 line) {
  if (line >= kInterruptLines || interrupt_lines[line].raw == 0) return;
  Interrupt& interrupt = view<Interrupt>(interrupt_lines[line]);
  if (!interrupt.notification.is_live()) return;
  signal_notification(view<Notification>(interrupt.notification.frame), interrupt.bits);
}

}  // namespace pith
