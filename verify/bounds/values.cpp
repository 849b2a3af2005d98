// Ranges: joining, narrowing, and what a conditional branch says.
#include "verify/bounds/values.h"

#include <algorithm>
#include <vector>

namespace pith::bounds {

namespace {

constexpr u64 kNone = ~u64{0};

Value join_values(const Value& one, const Value& other, u64 fresh_name, bool widens) {
  if (one == other) return one;
  Value result{std::min(one.low, other.low), std::max(one.high, other.high), fresh_name, 0, 64};
  if (one.name == other.name && one.offset == other.offset && one.modulus == other.modulus && one.name != 0) {
    result.name = one.name;
    result.offset = one.offset;
    result.modulus = one.modulus;
  }
  if (widens) {
    // Widths survive: what came from 32 bits stays within 32 bits.
    if (result.low < one.low) result.low = 0;
    if (result.high > one.high) result.high = result.high <= mask_of(32) ? mask_of(32) : kNone;
  }
  return result;
}

/// Narrows one side of a comparison, and all that is the same value.
bool restrict(State& state, const Value& side, u64 low, u64 high) {
  low = std::max(low, side.low);
  high = std::min(high, side.high);
  if (low > high) return false;
  if (side.name == 0) return true;
  u64 mask = mask_of(side.modulus);
  u64 name_low = (low - side.offset) & mask, name_high = (high - side.offset) & mask;
  if (name_low > name_high) return true;  // wraps around: says nothing about the name itself
  return state.narrow(side.name, name_low, name_high, side.modulus);
}

}  // namespace

State State::start(const std::array<Value, kRegisters>& arguments) {
  State state;
  state.registers = arguments;
  for (u32 i = 0; i < kRegisters; i++) state.registers[i].name = kFirstArgumentName + i;
  state.registers[kStackRegister] = Value::range(0, kNone, kStackName);
  state.bytes.fill(Value::range(0, 255, 0));
  return state;
}

void State::forget(u64 name) {
  if (name == 0) return;
  auto clear = [&](Value& value) {
    if (value.name == name) value.name = 0;
  };
  predicates.erase(name);
  for (auto& [of, predicate] : predicates) {
    for (auto& [comparison, condition] : predicate.conditions) {
      clear(comparison.left);
      clear(comparison.right);
    }
  }
  for (Value& value : bytes) clear(value);
  for (Value& value : registers) clear(value);
  for (auto& [slot, content] : slots) clear(content.value);
  clear(flags.left);
  clear(flags.right);
}

void State::forget_escaped() { slots.erase(slots.lower_bound(escaped), slots.end()); }

bool State::narrow(u64 name, u64 low, u64 high, u32 modulus) {
  bool is_possible = true;
  auto apply = [&](Value& value) {
    if (value.name != name) return;
    u64 mask = mask_of(modulus < value.modulus ? modulus : value.modulus);
    if (value.high > mask) return;
    u64 from = (low + value.offset) & mask, to = (high + value.offset) & mask;
    if (from > to || to - from != high - low) return;
    value.low = std::max(value.low, from);
    value.high = std::min(value.high, to);
    if (value.low > value.high) is_possible = false;
  };
  for (Value& value : registers) apply(value);
  for (Value& value : bytes) apply(value);
  for (auto& [slot, content] : slots) apply(content.value);
  apply(flags.left);
  apply(flags.right);
  return is_possible;
}

void State::join(const State& other, u64 place, bool widens) {
  // A name that is made here again may live on from the last round in other values: those lose it.
  std::vector<std::pair<Value*, u64>> made;
  auto merge = [&](Value& value, const Value& there, u64 name) {
    value = join_values(value, there, name, widens);
    if (value.name == name) made.emplace_back(&value, name);
  };
  u64 name = place << 8;
  for (u32 i = 0; i < kRegisters; i++) merge(registers[i], other.registers[i], ++name);
  for (auto slot = slots.begin(); slot != slots.end();) {
    auto there = other.slots.find(slot->first);
    if (there == other.slots.end() || there->second.width != slot->second.width) {
      slot = slots.erase(slot);
      continue;
    }
    merge(slot->second.value, there->second.value, (place << 8) + 32 + u64(-slot->first / 4 & 127));
    ++slot;
  }
  for (u32 i = 0; i < kRegisters; i++) {
    if (!(bytes[i] == other.bytes[i])) bytes[i] = Value::range(0, 255, 0);
  }
  escaped = std::min(escaped, other.escaped);
  flags = {};
  predicates.clear();
  for (auto [owner, made_name] : made) {
    auto clear = [&](Value& value) {
      if (value.name == made_name && &value != owner) value.name = 0;
    };
    for (Value& value : registers) clear(value);
    for (Value& value : bytes) clear(value);
    for (auto& [slot, content] : slots) clear(content.value);
  }
}

namespace {

/// A value that a predicate describes was compared with zero.
bool assume_predicate(State& state, const Value& value, bool is_zero) {
  auto found = state.predicates.find(value.name);
  if (value.name == 0 || value.offset != 0 || found == state.predicates.end()) return true;
  Predicate predicate = found->second;
  // One of them does not hold, or one of them does: says nothing about any, unless it is the only one.
  if (predicate.conditions.size() > 1 && predicate.is_any != is_zero) return true;
  for (const auto& [comparison, condition] : predicate.conditions) {
    state.flags = comparison;
    if (!assume(state, condition, !is_zero)) return false;
  }
  return true;
}

}  // namespace

bool assume(State& state, u32 condition, bool is_taken) {
  if (!state.flags.is_known || condition > 15) return true;
  // Odd conditions are the negations of even ones.
  u32 kind = condition / 2;
  bool holds = ((condition & 1) == 0) == is_taken;
  Comparison flags = state.flags;
  u64 mask = mask_of(flags.width);
  if (flags.left.high > mask || flags.right.high > mask) return true;
  const Value left = flags.left, right = flags.right;
  bool is_signed = kind >= 6;
  if (is_signed && (left.high > mask / 2 || right.high > mask / 2)) return true;
  switch (kind) {
    case 2:  // equal
      if (right.is_constant() && right.low == 0 && !assume_predicate(state, left, holds)) return false;
      if (holds) {
        u64 low = std::max(left.low, right.low), high = std::min(left.high, right.high);
        if (low > high) return false;
        return restrict(state, left, low, high)&& restrict(state, right, low, high);
      }
      if (left.is_constant() && right.is_constant()) return left.low != right.low;
      if (right.is_constant()) {
        if (left.low == right.low) return restrict(state, left, left.low + 1, left.high);
        if (left.high == right.low) return restrict(state, left, left.low, left.high - 1);
      }
      if (left.is_constant()) {
        if (right.low == left.low) return restrict(state, right, right.low + 1, right.high);
        if (right.high == left.low) return restrict(state, right, right.low, right.high - 1);
      }
      return true;
    case 1:  // below
    case 6:  // less
      if (flags.is_equality_only) return true;
      if (holds) {
        if (right.high == 0) return false;
        return left.low < right.high&& restrict(state, left, 0, right.high - 1)&& restrict(state, right, left.low + 1, kNone);
      }
      return restrict(state, left, right.low, kNone)&& restrict(state, right, 0, left.high);
    case 3:  // below or equal
    case 7:  // less or equal
      if (flags.is_equality_only) return true;
      if (holds) return restrict(state, left, 0, right.high)&& restrict(state, right, left.low, kNone);
      if (left.high == 0 || left.high <= right.low) return false;
      return restrict(state, left, right.low + 1, kNone)&& restrict(state, right, 0, left.high - 1);
    default:
      return true;
  }
}

}  // namespace pith::bounds
