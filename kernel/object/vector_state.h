// VectorState: vector and floating-point registers of one thread or guest, switched lazily.
#pragma once
#include "kernel/memory/view.h"
#include "port/vector.h"

namespace pith {

/// Invariant: `user` is 0 or the Thread or Guest whose vector_state is this frame. While cpus[n].vector_owner is this frame, the registers in
/// CPU n are newer than `image`.
struct alignas(kPageSize) VectorState {
  static constexpr ObjectType kType = ObjectType::VectorState;
  arch::VectorImage image;
  FrameNumber user;

  Result<void> save(Thread& caller, FrameNumber frame);
  Result<void> load(Thread& caller, FrameNumber frame);
  Result<void> copy(Thread& caller, CapabilitySlot source);
};

/// Takes the tie between a vector state and its user away; 0 is allowed.
void release_vector_state(FrameNumber state);

/// If the registers are in this CPU, writes them to the image and lets go of the CPU.
void evict_vector_state(FrameNumber state);

/// The running thread or guest used a vector register: loads its state. False: it has none.
bool load_vector_state(Thread& thread);

}  // namespace pith
