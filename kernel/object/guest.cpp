// Configuring guests, entering and leaving them.
#include "kernel/object/guest.h"

#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/crossing.h"

namespace pith {

namespace {
Link& guest_link_of(FrameNumber guest) { return view<Guest>(guest).space_link; }
}  // namespace

[[gnu::noinline]] void take_guest_from_space(Guest& guest) {
  if (guest.space.raw != 0) remove(view<AddressSpace>(guest.space).guests, frame_of(guest), guest_link_of);
  guest.space = FrameNumber();
  guest.root = 0;
}

[[gnu::noinline]] bool detach_guest(Guest& guest) {
  if (guest.thread.raw != 0) {
    Thread& thread = view<Thread>(guest.thread);
    if ((thread.key & Key::kInGuest) != 0 && runs_elsewhere(thread)) {
      guest.root = 0;  // that CPU leaves it at its next entry and does not enter it again
      arch::send_interruption(thread.key & Key::kCpuMask);
      return false;
    }
    part_from_guest(thread);
  }
  take_guest_from_space(guest);
  if (guest.registers.raw != 0) info(guest.registers).uses--;
  guest.registers = FrameNumber();
  return true;
}

[[gnu::noinline]] void attach_guest(Guest& guest, FrameNumber space, FrameNumber registers) {
  guest.space = space;
  push_back(view<AddressSpace>(space).guests, frame_of(guest), guest_link_of);
  guest.root = arch::root_of(view<AddressSpace>(space).top);
  guest.registers = registers;
  info(registers).uses++;
}

void leave_guest(Thread& thread, GuestExit reason, u64 kind, u64 address, u64 code) {
  if ((thread.key & Key::kInGuest) == 0) return;
  thread.words = Words{{u64(reason), kind, address, code, 0, 0}};
  thread.result = 0;
  thread.key &= ~Key::kInGuest;
}

void part_from_guest(Thread& thread) {
  if (thread.guest.raw == 0) return;
  leave_guest(thread, GuestExit::Interrupted, 0, 0, 0);
  view<Guest>(thread.guest).thread = FrameNumber();
  thread.guest = FrameNumber();
}

Result<void> Guest::configure(Thread& caller, CapabilitySlot space_slot, FrameNumber new_registers) {
  Capability& new_space = TRY(check_capability(caller, space_slot, ObjectType::AddressSpace, right::AddressSpace::Run));
  FrameNumber owner = info(frame_of(*this)).owner;
  TRY(check_mappable(owner, new_registers));
  if (thread.raw != 0 && (view<Thread>(thread).key & Key::kInGuest) != 0) return Error::Busy;
  TRY(check_open(owner));
  TRY(check_open(info(new_space.frame).owner));

  (void)detach_guest(*this);  // its thread is not in it
  attach_guest(*this, new_space.frame, new_registers);
  return {};
}

Error Guest::run(Thread& caller, Badge, Handle, Words&) {
  if (root == 0) return Error::NotConfigured;
  if (thread.raw != 0 && (view<Thread>(thread).key & Key::kInGuest) != 0) return Error::Busy;
  if (take_interruption(caller)) return Error::Cancelled;

  if (thread != caller.self) {
    if (thread.raw != 0) part_from_guest(view<Thread>(thread));
    part_from_guest(caller);
    thread = caller.self;
    caller.guest = frame_of(*this);
  }
  caller.key |= Key::kInGuest;
  return kSuccess;
}

Result<void> Guest::set_vector_state(Thread& caller, CapabilitySlot slot) {
  Capability& capability = TRY(check_capability(caller, slot, ObjectType::VectorState, right::VectorState::Use));
  VectorState& new_state = view<VectorState>(capability.frame);
  if (new_state.user.raw != 0) return Error::Busy;
  if (!release_vector_state(vector_state)) return Error::Again;

  vector_state = capability.frame;
  new_state.user = frame_of(*this);
  return {};
}

}  // namespace pith
