// A capability: 16 bytes that name an object, say what may be done with it, and go stale when the object's epoch moves on.
#pragma once
#include "abi/operation.h"
#include "kernel/memory/frame.h"

namespace pith {

/// All zero: an empty slot. `word`: epoch in bits 16…63, type in 8…15, rights in 0…7, so that one exclusive or with the
/// frame's epoch word and one comparison test epoch, type and right together.
struct Capability {
  FrameNumber frame;
  Badge badge;
  u64 word;

  static constexpr u64 kRightsMask = 0xff;

  static Capability full(FrameNumber frame, ObjectType type) {
    return {frame, Badge(), epochs[frame.raw] | u64(type) << 8 | kAllRights};
  }
  bool is_empty() const { return word == 0; }
  ObjectType type() const { return ObjectType(word >> 8 & 255); }
  u32 rights() const { return u32(word & kRightsMask); }
  bool is_live() const { return !is_empty() && ((word ^ epochs[frame.raw]) >> 16) == 0; }
  /// Epoch current, type T and `right` present.
  bool allows(ObjectType type, u32 right) const {
    u64 difference = word ^ epochs[frame.raw];
    return (difference & ~(kRightsMask & ~u64{right})) == (u64(type) << 8 | right);
  }
  /// Which of the three conditions of `allows` fails first.
  Error refusal(ObjectType type) const {
    if (is_empty()) return Error::EmptySlot;
    if (!is_live()) return Error::Stale;
    if (this->type() != type) return Error::WrongType;
    return Error::MissingRight;
  }
};
static_assert(sizeof(Capability) == 16);

}  // namespace pith
