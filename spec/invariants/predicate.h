// Predicates over the kernel's state, with parameters that stand for every value: for the prover functions, for host tests entries of a registry.
#pragma once
#include "kernel/memory/view.h"

namespace pith {

/// The frame of an object of type T, as a predicate's parameter.
template <class T>
struct Of {
  u32 raw = 0;
  constexpr operator FrameNumber() const { return FrameNumber(raw); }
};

/// A number below `limit`, as a predicate's parameter.
template <class Tag, u32 kLimit>
struct Index {
  static constexpr u32 limit = kLimit;
  u32 raw = 0;
};
using EntryIndex = Index<struct EntryTag, 512>;  ///< of a page table or share
using TableIndex = Index<struct TableTag, kTablesPerSpace>;
using SlotIndex = Index<struct SlotTag, kSlotsPerTable>;
using Level = Index<struct LevelTag, kPriorities>;
using CpuIndex = Index<struct CpuTag, 64>;
using LineIndex = Index<struct LineTag, 256>;
using RingIndex = Index<struct RingTag, 4>;  ///< of what comes back of a budget
using WheelLevel = Index<struct WheelLevelTag, 8>;
using WheelSlot = Index<struct WheelSlotTag, 64>;

/// The frame exists and holds a T.
template <class T>
inline bool is(FrameNumber frame) {
  return frame.raw != 0 && frame.raw < frame_count && frames[frame.raw].type == T::kType;
}

inline bool in_domain(FrameNumber frame) { return frame.raw < frame_count; }
template <class T>
inline bool in_domain(Of<T> frame) {
  return is<T>(frame);
}
template <class Tag, u32 kLimit>
inline bool in_domain(Index<Tag, kLimit> index) {
  return index.raw < kLimit;
}

template <class... P>
inline bool all_in_domain(P... parameters) {
  return (in_domain(parameters) && ...);
}

/// The first line of a predicate: it says nothing of parameters outside their domains.
#define FOR_ALL(...) \
  if (!all_in_domain(__VA_ARGS__)) return true
/// The rest of the predicate speaks of states in which this holds.
#define GIVEN(...) \
  if (!(__VA_ARGS__)) return true

// INVARIANT(name, parameters…) { body }: holds whenever no handler runs, for all values of the parameters.
// EXIT_INVARIANT: besides, holds whenever the kernel is left, but not between the handling of an operation and the choice of who runs next.
// LEMMA: as INVARIANT, but the prover takes it for granted and does not show it (see counts.cpp).
// CHECK: as EXIT_INVARIANT, but only tests look: it follows from no local facts, or it is no matter of safety.
#define INVARIANT(name, ...) PITH_PREDICATE(Invariant, invariant_##name, #name, __VA_ARGS__)
#define EXIT_INVARIANT(name, ...) PITH_PREDICATE(ExitInvariant, exit_invariant_##name, #name, __VA_ARGS__)
#define LEMMA(name, ...) PITH_PREDICATE(Lemma, lemma_##name, #name, __VA_ARGS__)
#define CHECK(name, ...) PITH_PREDICATE(Check, check_##name, #name, __VA_ARGS__)

#ifndef PITH_NATIVE
#define PITH_PREDICATE(kind, function, text, ...) extern "C" bool function(__VA_ARGS__)
#else
#define PITH_PREDICATE(kind, function, text, ...)                                                                  \
  extern "C" bool function(__VA_ARGS__);                                                                           \
  static predicate::Registered registered_##function(predicate::Kind::kind, text, predicate::Caller<function>{}); \
  extern "C" bool function(__VA_ARGS__)
#endif

}  // namespace pith

#ifdef PITH_NATIVE
#include "spec/invariants/registry.h"
#endif
