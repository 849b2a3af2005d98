// Interrupts: a line signals a notification and stays masked until acknowledged, a message just signals.
#include "spec/events.h"
#include "spec/oracle.h"
#include "spec/parts.h"

namespace pith::spec {

Error interrupt_bind(FrameNumber caller, FrameNumber self, CapabilitySlot slot, u64 bits) {
  Capability notification = TRY(lookup(caller, slot, ObjectType::Notification, right::Notification::Signal));
  if (bits == 0) return Error::BadArgument;
  if (!is_open(frames[self].owner)) return Error::Closing;

  interrupts[self].notification = notification;
  interrupts[self].bits = bits;
  state.lines[interrupts[self].line].masked = false;
  return kSuccess;
}

Error interrupt_acknowledge(FrameNumber, FrameNumber self) {
  if (!is_live(interrupts[self].notification)) return Error::NotConfigured;
  state.lines[interrupts[self].line].masked = false;
  return kSuccess;
}

/// Which CPU a line goes to is the controller's business, and not part of this state.
Error interrupt_route(FrameNumber, FrameNumber self, u64 cpu, Results& results) {
  if (cpu >= state.cpu_count) return Error::BadArgument;
  u32 line = interrupts[self].line;
  results = {{0, 0}};
  if (is_message_line(line)) results = {{spec_message_address(u32(cpu)), spec_message_data(line)}};
  return kSuccess;
}

void interrupt_raised(u32 line) {
  if (line >= kLines) return;
  if (!is_message_line(line)) state.lines[line].masked = true;
  FrameNumber interrupt = state.lines[line].interrupt;
  if (interrupt.raw == 0 || !is_live(interrupts[interrupt].notification)) return;
  signal(interrupts[interrupt].notification.frame, interrupts[interrupt].bits);
}

}  // namespace pith::spec
