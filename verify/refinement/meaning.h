// What the specification's state stands for: for each of its cells what the kernel's state says. The prover reads the specification's state before an operation
// through these meanings, and shows that they are right again afterwards.
#pragma once
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "spec/invariants/predicate.h"
#include "spec/state.h"

// MEANING(name, cell, meaning, given, parameters…): where `given` holds the specification's cell has this meaning; elsewhere it may hold anything.
#define MEANING(name, cell, meaning, given, ...)                                                                                           \
  extern "C" bool refinement_##name(__VA_ARGS__) { return !(given) || ::pith::number_of(cell) == ::pith::number_of(meaning); }              \
  extern "C" u64 meaning_##name(__VA_ARGS__) { return ::pith::number_of(meaning); }                                                         \
  extern "C" bool given_##name(__VA_ARGS__) { return given; }

// MEANING_OF_CAPABILITY(name, cell, capability, exists, is_full, parameters…): where `exists` holds the specification's capability is of the same type, and where `is_full`
// holds it is the same.
#define MEANING_OF_CAPABILITY(name, cell, capability, exists, is_full, ...)        \
  MEANING(name##_type, cell.type, capability.type(), exists, __VA_ARGS__)         \
  MEANING(name##_frame, cell.frame, capability.frame, is_full, __VA_ARGS__)       \
  MEANING(name##_badge, cell.badge, capability.badge, is_full, __VA_ARGS__)       \
  MEANING(name##_epoch, cell.epoch, capability.word >> 16, is_full, __VA_ARGS__)  \
  MEANING(name##_rights, cell.rights, capability.rights(), is_full, __VA_ARGS__)

namespace pith {

extern "C" {
/// Number of the processor that runs.
u32 verify_here();
/// The frame of the thread, 0 for null.
u32 verify_frame_of(const Thread* thread);
}

/// Any cell as a number.
template <class Cell>
[[gnu::always_inline]] inline u64 number_of(const Cell& cell) {
  if constexpr (requires { cell.raw; })
    return u64(cell.raw);
  else
    return u64(cell);
}

/// The frame exists.
inline bool exists(FrameNumber frame) { return frame.raw < frame_count; }
/// There is an object in it, whose links mean something.
inline bool has_object(FrameNumber frame) {
  return exists(frame) && frames[frame.raw].type != ObjectType::Untyped && frames[frame.raw].type != ObjectType::Reserved;
}

}  // namespace pith
