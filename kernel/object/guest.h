// Guest: a second set of registers in a second address space, entered by run_guest.
#pragma once
#include "abi/guest.h"
#include "abi/handle.h"
#include "kernel/memory/view.h"
#include "kernel/object/link.h"

namespace pith {

struct Words;

/// Invariants: in the `guests` list of `space`; `thread` is 0 or the thread whose `guest` is this frame: the last that ran it. That thread is inside
/// the guest, running or stopped, if and only if its key has kInGuest.
struct alignas(kPageSize) Guest {
  static constexpr ObjectType kType = ObjectType::Guest;
  FrameNumber space;
  FrameNumber registers;  ///< Data frame laid out as GuestRegisters
  FrameNumber thread;     ///< that ran it last
  FrameNumber vector_state;
  u64 root;               ///< translation root; 0: not to be entered
  Link space_link;

  Result<void> configure(Thread& caller, CapabilitySlot space, FrameNumber registers);
  Error run(Thread& caller, Badge badge, Handle handle, Words& words);
  Result<void> set_vector_state(Thread& caller, CapabilitySlot state);
};

/// Gives a guest that has none its space and the Data frame for its registers.
void attach_guest(Guest& guest, FrameNumber space, FrameNumber registers);

/// Out of the list of its space, if it has one: it is not to be entered then.
void take_guest_from_space(Guest& guest);

/// Takes the guest's links to its space and register page away and ends a run in progress. False: another CPU runs it and has been told to leave it.
[[nodiscard]] bool detach_guest(Guest& guest);

/// Ends the run of the guest that `thread` is in, if it is in one; run_guest will answer these words.
void leave_guest(Thread& thread, GuestExit reason, u64 kind, u64 address, u64 code);

/// Cuts the tie between a thread and the guest that it ran last, ending a run in progress.
void part_from_guest(Thread& thread);

}  // namespace pith
