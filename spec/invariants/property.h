// Properties compare the state after an operation with the state before it, which old() reads.
#pragma once
#include "kernel/sched/cpu.h"
#include "spec/invariants/predicate.h"

// PROPERTY(name, parameters…) { body }: holds of every operation and of every choice of who runs next, and of several in a row.
#define PROPERTY(name, ...) PITH_PREDICATE(Property, property_##name, #name, __VA_ARGS__)

namespace pith {

extern "C" {
/// Between these two, reads see the state before the operation.
void verify_old_begin();
void verify_old_end();
}

/// What `read` answers in the state before. It reads through the functions below only.
template <class Read>
inline auto old(Read read) {
  verify_old_begin();
  auto value = read();
  verify_old_end();
  return value;
}

#ifndef PITH_NATIVE

template <class T>
inline const T& at(FrameNumber frame) {
  return ViewArray<T>::array()[frame.raw];
}
inline const FrameInfo& info_at(FrameNumber frame) { return frames[frame.raw]; }
inline u64 epoch_at(FrameNumber frame) { return epochs[frame.raw]; }
inline const Cpu& cpu_at(CpuIndex cpu) { return cpus[cpu.raw]; }
inline const Cpu& this_cpu_at() { return this_cpu(); }

#else

/// The frame's page, in whichever state is looked at.
const void* page_at(FrameNumber frame, ObjectType type);
template <class T>
inline const T& at(FrameNumber frame) {
  return *static_cast<const T*>(page_at(frame, T::kType));
}
const FrameInfo& info_at(FrameNumber frame);
u64 epoch_at(FrameNumber frame);
const Cpu& cpu_at(CpuIndex cpu);
const Cpu& this_cpu_at();

#endif

/// The frame holds a T, in whichever state is looked at.
template <class T>
inline bool is_at(FrameNumber frame) {
  return frame.raw != 0 && frame.raw < frame_count && info_at(frame).type == T::kType;
}
/// The frame held a T before.
template <class T>
inline bool was(FrameNumber frame) {
  return old([=] { return is_at<T>(frame); });
}

}  // namespace pith
