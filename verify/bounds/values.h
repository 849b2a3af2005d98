// What is known of registers and stack slots at one place of a function: ranges, and which of them are the same value.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "base/types.h"

namespace pith::bounds {

constexpr u64 mask_of(u32 width) { return width >= 64 ? ~u64{0} : (u64{1} << width) - 1; }

/// Numbers between two, unsigned. `name` + `offset`, modulo 2^modulus, says more: values with the same name narrow each other.
struct Value {
  u64 low = 0, high = ~u64{0};
  u64 name = 0;  ///< 0: nothing is known
  u64 offset = 0;
  u32 modulus = 64;

  static Value constant(u64 value) { return {value, value, 0, 0, 64}; }
  static Value range(u64 low, u64 high, u64 name) { return {low, high, name, 0, 64}; }
  bool is_constant() const { return low == high; }
  bool operator==(const Value&) const = default;
};

constexpr u32 kRegisters = 16;
constexpr i64 kNothingEscaped = i64{1} << 62;
constexpr u32 kStackRegister = 4;       ///< by the processor's numbers
constexpr u64 kStackName = 1;           ///< the stack pointer at the function's start
constexpr u64 kFirstArgumentName = 16;  ///< + number of the register: its value at the function's start

/// What the flags came from: two values of a width, compared; nothing when `is_known` is not set.
struct Comparison {
  bool is_known = false;
  bool is_equality_only = false;  ///< only equal and not equal can be told from these flags
  u32 width = 64;
  Value left, right;
};

/// A value that is 1 where conditions hold: where one of them does, or where all do.
struct Predicate {
  bool is_any = true;
  std::vector<std::pair<Comparison, u32>> conditions;
};

/// What a store left on the stack.
struct Slot {
  Value value;
  u32 width;
  bool operator==(const Slot&) const = default;
};

/// One abstract machine. Stack slots are named by their distance from the stack pointer at the function's start.
struct State {
  std::array<Value, kRegisters> registers;
  std::array<Value, kRegisters> bytes;  ///< the lowest byte of each register
  std::map<u64, Predicate> predicates;  ///< of values by name
  std::map<i64, Slot> slots;
  i64 escaped = kNothingEscaped;  ///< slots from here on may be written through pointers
  Comparison flags;

  /// At the start of a function whose register arguments are known to lie in these ranges.
  static State start(const std::array<Value, kRegisters>& arguments);

  /// Forgets what was called `name`: the instruction that makes it runs again.
  void forget(u64 name);
  /// Narrows every value with this name: the name itself, modulo 2^modulus, lies between the two. False: it cannot.
  bool narrow(u64 name, u64 low, u64 high, u32 modulus);
  /// Forgets the slots that someone else may have written.
  void forget_escaped();
  /// Takes in what another way to this place knows. With `widens`, ranges that differ are given up; new values are named after `place`.
  void join(const State& other, u64 place, bool widens);
  bool operator==(const State& other) const {
    return registers == other.registers && bytes == other.bytes && slots == other.slots && escaped == other.escaped;
  }
};

/// Assumes that the branch with this condition (as x86 numbers them) is or is not taken. False: it cannot be.
bool assume(State& state, u32 condition, bool is_taken);

}  // namespace pith::bounds
