// What the machine holds besides memory and what the kernel must have put right there before user code runs: a state that only the prover knows.
#pragma once
#include "kernel/object/thread.h"

namespace pith {

/// A processor's vector registers.
struct VectorUnit {
  u64 allowed;    ///< 1: they can be used without a trap
  u32 registers;  ///< frame of the VectorState that was loaded last
};

extern "C" {
/// Of each processor, what the port's code loads into it. Apart, because paths on which invariants see no difference meet again.
extern u64 translation_roots[kMaximumCpus];
extern VectorUnit vector_units[kMaximumCpus];
/// The running processor's.
u64* verify_root();
VectorUnit* verify_vectors();
/// Whatever the port is asked for, this holds then.
void verify_demand(const char* what, bool condition);
/// An access to the object there is allowed.
void verify_access(const volatile void* address);
/// The kernel is left.
[[noreturn]] void verify_leave();

/// A guest's system call, behind what guest_called does: its thread goes on.
[[noreturn]] void machine_leave_guest(Thread* thread);
}

/// User code finds its own vector registers, or none: those of `state`, 0 none.
inline bool has_own_vectors(FrameNumber state) {
  const VectorUnit* unit = verify_vectors();
  return unit->allowed == 0 || (state.raw != 0 && unit->registers == state.raw);
}

/// How the machine is when a thread is entered, and so when it comes back from user code: who else runs changes neither.
inline bool has_own_translations(const Thread& thread) { return *verify_root() == thread.root; }
inline bool has_vectors_as_its_key_says(const Thread& thread) { return verify_vectors()->allowed == 0 || (thread.key & Key::kVectorLive) != 0; }

}  // namespace pith
