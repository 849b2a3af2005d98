// VectorState: vector and floating-point registers of one thread or guest, switched lazily.
#pragma once
#include "kernel/memory/view.h"
#include "port/vector.h"

namespace pith {

/// Invariants: `user` is 0 or the Thread or Guest whose vector_state is this frame. cpus[n].vector_owner is this frame if and only if `holder` is n + 1;
/// then the registers in CPU n are newer than `image`.
struct alignas(kPageSize) VectorState {
  static constexpr ObjectType kType = ObjectType::VectorState;
  arch::VectorImage image;
  FrameNumber user;
  u32 holder;  ///< number of the CPU that has the registers, and 1; 0: none has

  Result<void> save(Thread& caller, FrameNumber frame);
  Result<void> load(Thread& caller, FrameNumber frame);
  Result<void> copy(Thread& caller, CapabilitySlot source);
};

/// Takes the tie between a vector state and its user away; 0 is allowed. False: another CPU has the registers and has been asked for them.
[[nodiscard]] bool release_vector_state(FrameNumber state);

/// If the registers are in this CPU, writes them to the image and lets go of the CPU. False: another CPU has them and has been asked to do so.
bool evict_vector_state(FrameNumber state);

/// The running thread or guest used a vector register: loads its state, or, while another CPU has it, asks for it: the instruction is to be
/// tried again either way. False: it has none.
bool load_vector_state(Thread& thread);

}  // namespace pith
