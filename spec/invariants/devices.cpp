// Guests, vector states, interrupts and I/O ports.
#include "kernel/object/guest.h"

#include "kernel/object/address_space.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "spec/invariants/list.h"
#include "spec/invariants/predicate.h"

namespace pith {

namespace {
/// The guests that run in an address space.
struct SpaceGuests {
  struct Place {
    FrameNumber space;
    bool operator==(const Place& other) const { return space == other.space; }
  };
  static const List& list(Place place) { return address_spaces[place.space.raw].guests; }
  static const Link& link(FrameNumber guest) { return guests[guest.raw].space_link; }
  static bool is_typed(FrameNumber frame) { return is<Guest>(frame); }
  static bool is_member(FrameNumber guest) { return guests[guest.raw].space.raw != 0; }
  static Place place_of(FrameNumber guest) { return {guests[guest.raw].space}; }
  static bool is_place(Place place) { return is<AddressSpace>(place.space); }
};
}  // namespace

LIST_ENDS(space_guests, SpaceGuests, (Of<AddressSpace> space), (space))
LIST_MEMBERS(space_guests, SpaceGuests, Guest)

// ---- guests ----

INVARIANT(guest_space_is_typed, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber space = guests[guest.raw].space;
  return space.raw == 0 || is<AddressSpace>(space);
}
INVARIANT(guest_root_is_of_its_space, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber space = guests[guest.raw].space;
  GIVEN(is<AddressSpace>(space));
  return guests[guest.raw].root == 0 || guests[guest.raw].root == arch::root_of(address_spaces[space.raw].top);
}
INVARIANT(guest_without_space_has_no_root, Of<Guest> guest) {
  FOR_ALL(guest);
  return guests[guest.raw].space.raw != 0 || guests[guest.raw].root == 0;
}
INVARIANT(guest_has_space_and_registers_or_neither, Of<Guest> guest) {
  FOR_ALL(guest);
  return (guests[guest.raw].space.raw == 0) == (guests[guest.raw].registers.raw == 0);
}
INVARIANT(guest_registers_are_data, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber registers = guests[guest.raw].registers;
  return registers.raw == 0 || is<DataPage>(registers);
}
INVARIANT(guest_registers_are_of_its_region, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber registers = guests[guest.raw].registers;
  GIVEN(is<DataPage>(registers));
  return info(registers).owner == info(guest).owner;
}
INVARIANT(guest_thread_is_typed, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber thread = guests[guest.raw].thread;
  return thread.raw == 0 || is<Thread>(thread);
}
INVARIANT(guest_thread_knows_its_guest, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber thread = guests[guest.raw].thread;
  GIVEN(is<Thread>(thread));
  return threads[thread.raw].guest == guest;
}
INVARIANT(guest_vector_state_is_typed, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber state = guests[guest.raw].vector_state;
  return state.raw == 0 || is<VectorState>(state);
}
INVARIANT(guest_vector_state_knows_its_user, Of<Guest> guest) {
  FOR_ALL(guest);
  FrameNumber state = guests[guest.raw].vector_state;
  GIVEN(is<VectorState>(state));
  return vector_states[state.raw].user == guest;
}

// ---- vector states ----

INVARIANT(vector_state_user_is_typed, Of<VectorState> state) {
  FOR_ALL(state);
  FrameNumber user = vector_states[state.raw].user;
  return user.raw == 0 || is<Thread>(user) || is<Guest>(user);
}
INVARIANT(vector_state_is_its_threads, Of<VectorState> state) {
  FOR_ALL(state);
  FrameNumber user = vector_states[state.raw].user;
  GIVEN(is<Thread>(user));
  return threads[user.raw].vector_state == state;
}
INVARIANT(vector_state_is_its_guests, Of<VectorState> state) {
  FOR_ALL(state);
  FrameNumber user = vector_states[state.raw].user;
  GIVEN(is<Guest>(user));
  return guests[user.raw].vector_state == state;
}

INVARIANT(vector_state_holder_exists, Of<VectorState> state) {
  FOR_ALL(state);
  return vector_states[state.raw].holder <= kMaximumCpus;
}
INVARIANT(vector_state_holder_has_the_registers, Of<VectorState> state) {
  FOR_ALL(state);
  u32 holder = vector_states[state.raw].holder;
  GIVEN(holder != 0 && holder <= kMaximumCpus);
  return cpus[holder - 1].vector_owner == state;
}
INVARIANT(vector_state_in_a_cpu_has_a_user, Of<VectorState> state) {
  FOR_ALL(state);
  return vector_states[state.raw].holder == 0 || vector_states[state.raw].user.raw != 0;
}
INVARIANT(vector_registers_are_of_a_state, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber owner = cpus[cpu.raw].vector_owner;
  return owner.raw == 0 || is<VectorState>(owner);
}
INVARIANT(vector_registers_know_their_cpu, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber owner = cpus[cpu.raw].vector_owner;
  GIVEN(is<VectorState>(owner));
  return vector_states[owner.raw].holder == cpu.raw + 1;
}
INVARIANT(live_vector_registers_are_in_the_cpu, Of<Thread> thread) {
  FOR_ALL(thread);
  u32 cpu = threads[thread.raw].key & Key::kCpuMask;
  GIVEN((threads[thread.raw].key & Key::kVectorLive) != 0 && cpu < kMaximumCpus);
  return cpus[cpu].vector_owner == threads[thread.raw].vector_state;
}

/// Threads with equal keys can take turns: neither finds the other's registers.
INVARIANT(vector_registers_in_its_cpu_are_live, Of<Thread> thread) {
  FOR_ALL(thread);
  u32 cpu = threads[thread.raw].key & Key::kCpuMask;
  FrameNumber state = threads[thread.raw].vector_state;
  GIVEN(state.raw != 0 && cpu < kMaximumCpus && cpus[cpu].vector_owner == state);
  return (threads[thread.raw].key & Key::kVectorLive) != 0;
}

// ---- interrupts ----

INVARIANT(interrupt_line_exists, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  return interrupts[interrupt.raw].line < kInterruptLines;
}
INVARIANT(interrupt_is_its_lines, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  u32 line = interrupts[interrupt.raw].line;
  GIVEN(line < kInterruptLines);
  return interrupt_lines[line] == interrupt;
}
INVARIANT(line_leads_to_an_interrupt, LineIndex line) {
  FOR_ALL(line);
  FrameNumber interrupt = interrupt_lines[line.raw];
  return interrupt.raw == 0 || is<Interrupt>(interrupt);
}
INVARIANT(line_leads_to_its_interrupt, LineIndex line) {
  FOR_ALL(line);
  FrameNumber interrupt = interrupt_lines[line.raw];
  GIVEN(is<Interrupt>(interrupt));
  return interrupts[interrupt.raw].line == line.raw;
}
INVARIANT(interrupt_signal_frame_exists, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  return interrupts[interrupt.raw].notification.frame.raw < frame_count;
}
INVARIANT(interrupt_signals_a_notification, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  u64 word = interrupts[interrupt.raw].notification.word;
  return word == 0 || (word >> 8 & 255) == u64(ObjectType::Notification);
}
INVARIANT(interrupt_signal_epoch_is_not_ahead, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  const Capability& signal = interrupts[interrupt.raw].notification;
  GIVEN(signal.word != 0 && signal.frame.raw < frame_count);
  return signal.word >> 16 <= epochs[signal.frame.raw] >> 16;
}
INVARIANT(live_interrupt_signal_is_typed, Of<Interrupt> interrupt) {
  FOR_ALL(interrupt);
  const Capability& signal = interrupts[interrupt.raw].notification;
  GIVEN(signal.word != 0 && signal.frame.raw < frame_count && signal.word >> 16 == epochs[signal.frame.raw] >> 16);
  return is<Notification>(signal.frame);
}

// ---- I/O ports ----

INVARIANT(first_port_exists, Of<IoPorts> ports) {
  FOR_ALL(ports);
  return io_port_ranges[ports.raw].first <= 0xffff;
}
INVARIANT(last_port_exists, Of<IoPorts> ports) {
  FOR_ALL(ports);
  return io_port_ranges[ports.raw].count <= 0x10000 - io_port_ranges[ports.raw].first;
}

}  // namespace pith
