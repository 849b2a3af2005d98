// The word that names an operation and the capability it is done with, and the word that comes back.
#pragma once
#include "abi/types.h"

namespace pith {

/// Layout of the handle word: bits 0-1 kind, 2-10 capability table, 11-20 operation (object type * 32 + method),
/// 24-31 slot in the table, 32-38 message length in words, 40-42 number of capabilities sent.
struct Handle {
  enum Kind : u64 { Call = 0, ReplyReceive = 1, Operation = 2, RunGuest = 3 };

  /// The operation's code, and kind Operation.
  static constexpr u64 kOperationMask = u64{1023} << 11 | 3;

  u64 raw = 0;

  static constexpr u64 slot_bits(CapabilitySlot slot) {
    return (u64{slot.raw} >> 8 & 511) << 2 | (u64{slot.raw} & 255) << 24;
  }
  static constexpr Handle call(CapabilitySlot slot) { return {slot_bits(slot) | Call}; }
  static constexpr Handle reply_receive(CapabilitySlot slot) { return {slot_bits(slot) | ReplyReceive}; }
  static constexpr Handle run_guest(CapabilitySlot slot) { return {slot_bits(slot) | RunGuest}; }
  static constexpr Handle operation(u32 code, CapabilitySlot slot) { return {slot_bits(slot) | u64{code} << 11 | Operation}; }
  static constexpr Handle message(u32 code, CapabilitySlot slot, u32 words, u32 capabilities) {
    return {operation(code, slot).raw | u64{words} << 32 | u64{capabilities} << 40};
  }

  constexpr Kind kind() const { return Kind(raw & 3); }
  constexpr CapabilitySlot slot() const { return CapabilitySlot(u32(raw >> 2 & 511) << 8 | u32(raw >> 24 & 255)); }
  constexpr u32 operation_code() const { return u32(raw >> 11 & 1023); }
  constexpr u32 words() const { return u32(raw >> 32 & 127); }
  constexpr u32 capabilities() const { return u32(raw >> 40 & 7); }
};

/// Layout of the status word that every entry answers in the handle's register: bit 63 error (number in bits 0-7);
/// else, after receiving: bits 0-31 badge, 32-38 length in words, 40-42 capabilities that arrived or were null,
/// 44-47 mask of those that were null, bit 48: this is not a call but signals (word 0 has the bits),
/// bit 49: this is a fault call.
struct Status {
  static constexpr u64 kError = u64{1} << 63;
  static constexpr u64 kSignals = u64{1} << 48;
  static constexpr u64 kFault = u64{1} << 49;

  u64 raw = 0;

  constexpr bool is_error() const { return raw & kError; }
  constexpr u32 error_number() const { return u32(raw & 255); }
  constexpr Badge badge() const { return Badge(u32(raw)); }
  constexpr u32 words() const { return u32(raw >> 32 & 127); }
  constexpr u32 capabilities() const { return u32(raw >> 40 & 7); }
  constexpr u32 missing_capabilities() const { return u32(raw >> 44 & 15); }
  constexpr bool is_signals() const { return raw & kSignals; }
  constexpr bool is_fault() const { return raw & kFault; }
};

}  // namespace pith
