// What the specification asks of the world around it: who comes first among many, and what user memory holds. Native answers are in
// spec/oracle.cpp; the prover gives answers of its own, which are true of the implementation's lists and any value for user memory.
#pragma once
#include "spec/state.h"

namespace pith::spec {

extern "C" {

/// The thread in state Calling at `endpoint` with the highest level and, among those, the smallest ticket; 0 if there is none.
u32 spec_first_waiting(u32 endpoint);
/// The thread in state SetAside at `endpoint` with the smallest ticket, and the one with the largest; 0 if there is none.
u32 spec_first_set_aside(u32 endpoint);
u32 spec_last_set_aside(u32 endpoint);
/// The thread, and the guest, that has been in an address space longest; 0 if there is none.
u32 spec_first_thread_of_space(u32 space);
u32 spec_first_guest_of_space(u32 space);
/// The thread that has been in a capability space longest; 0 if there is none.
u32 spec_first_thread_of_capabilities(u32 space);

/// No CPU still has a translation that was taken away in `generation`. This CPU forgets them itself, others have to be asked: until the kernel knows, the answer
/// may be false.
bool spec_is_flushed(u64 generation);

/// A word of a Data frame, which user code may change at any time.
u64 spec_user_word(u32 frame, u32 index);
/// The kernel writes a word of a Data frame.
void spec_set_user_word(u32 frame, u32 index, u64 value);
/// The kernel clears a frame that user code is going to see.
void spec_clear_user_page(u32 frame);

/// A byte of a range of I/O ports, and writing it.
u64 spec_read_port(u32 port, u32 width);
void spec_write_port(u32 port, u32 width, u64 value);

/// What a device writes as a message to a CPU, and where.
u64 spec_message_address(u32 cpu);
u64 spec_message_data(u32 line);

/// A register of a thread that is stopped at a system call, as this architecture keeps them.
u64 spec_kept_register(u32 thread, u32 index);
/// A word of the vector registers of a new program, and a word that a program gave without what it may not set.
u64 spec_initial_vector_word(u32 index);
u64 spec_allowed_vector_word(u32 index, u64 value);
/// The level at which a call comes back to its queue whose caller has no time of its own.
u8 spec_level_without_time(u32 thread);
/// Time of others waits at a thread that is being taken apart, more of it than one step sends on.
bool spec_has_parked_time(u32 thread);
/// The chain of this context has changed, and the kernel has still to look at it again.
bool spec_is_to_be_looked_at(u32 context);
/// What Platform.measure says.
u64 spec_measured(u32 index);
/// True of pages of physical memory that are no frames and never user code's: the kernel's own devices.
bool spec_is_kernel_page(u64 page);
}

}  // namespace pith::spec
