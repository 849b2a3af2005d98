// Interrupts become signals.
#include "kernel/object/interrupt.h"

#include "kernel/arch/contract/interrupts.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/notification.h"

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

void interrupt_raised(u32 line) {
  if (line >= kInterruptLines || interrupt_lines[line].raw == 0) return;
  Interrupt& interrupt = view<Interrupt>(interrupt_lines[line]);
  if (!interrupt.notification.is_live()) return;
  signal_notification(view<Notification>(interrupt.notification.frame), interrupt.bits);
}

}  // namespace pith
