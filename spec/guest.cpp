// Guests: a second set of registers in a second address space, which a thread enters and comes back from with a reason.
#include "spec/parts.h"

namespace pith::spec {

void leave_guest(FrameNumber frame, GuestExit reason, u64 kind, u64 address, u64 code) {
  Thread& thread = threads[frame];
  if (!thread.in_guest) return;
  const u64 words[kRegisterWords] = {u64(reason), kind, address, code, 0, 0};
  for (u32 i = 0; i < kRegisterWords; i++) thread.words[i] = words[i];
  thread.result = 0;
  thread.in_guest = false;
}

void part_from_guest(FrameNumber thread) {
  FrameNumber guest = threads[thread].guest;
  if (guest.raw == 0) return;
  leave_guest(thread, GuestExit::Interrupted, 0, 0, 0);
  guests[guest].thread = FrameNumber();
  threads[thread].guest = FrameNumber();
}

bool detach_guest(FrameNumber self) {
  Guest& guest = guests[self];
  if (guest.thread.raw != 0) {
    guest.is_barred = threads[guest.thread].in_guest && runs_elsewhere(guest.thread);
    if (guest.is_barred) return false;
    part_from_guest(guest.thread);
  }
  if (guest.registers.raw != 0) frames[guest.registers].uses--;
  guest.space = FrameNumber();
  guest.registers = FrameNumber();
  guest.is_barred = false;
  return true;
}

Error guest_configure(FrameNumber caller, FrameNumber self, CapabilitySlot space_slot, FrameNumber registers) {
  FrameNumber owner = frames[self].owner;
  FrameNumber space = TRY(lookup(caller, space_slot, ObjectType::AddressSpace, right::AddressSpace::Run)).frame;
  if (Error error = check_mappable(owner, registers); error != kSuccess) return error;
  if (guests[self].thread.raw != 0 && threads[guests[self].thread].in_guest) return Error::Busy;
  if (!is_open(owner) || !is_open(frames[space].owner)) return Error::Closing;

  detach_guest(self);
  guests[self].space = space;
  guests[self].space_ticket = state.last_ticket++;
  guests[self].registers = registers;
  frames[registers].uses++;
  return kSuccess;
}

Error guest_run(FrameNumber caller, FrameNumber self, Badge, Handle) {
  FrameNumber last = guests[self].thread;
  if (guests[self].space.raw == 0 || guests[self].is_barred) return Error::NotConfigured;
  if (last.raw != 0 && threads[last].in_guest) return Error::Busy;
  if (take_interruption(caller)) return Error::Cancelled;

  if (last != caller) {
    if (last.raw != 0) part_from_guest(last);
    part_from_guest(caller);
    guests[self].thread = caller;
    threads[caller].guest = self;
  }
  threads[caller].in_guest = true;
  return kSuccess;
}

Error guest_set_vector_state(FrameNumber caller, FrameNumber self, CapabilitySlot slot) {
  FrameNumber vector_state = TRY(lookup(caller, slot, ObjectType::VectorState, right::VectorState::Use)).frame;
  if (vector_states[vector_state].user.raw != 0) return Error::Busy;
  if (!release_vector_state(guests[self].vector_state)) return Error::Again;

  guests[self].vector_state = vector_state;
  vector_states[vector_state].user = self;
  return kSuccess;
}

}  // namespace pith::spec
