// What an IR value is during execution: an integer, a pointer into an object, or an aggregate of them; each may be poison under a condition.
#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "verify/prover/expression.h"

namespace pith::verify {

/// An address: `offset` plus the sum of stride * index, in bytes, inside one object. Object -1: null, or nothing known.
struct Pointer {
  int object = -1;
  std::int64_t offset = 0;
  std::vector<std::pair<std::int64_t, Expression>> terms;  ///< stride, 64-bit index; each stride once
  std::optional<Expression> is_null;                       ///< absent: never

  Expression null_condition() const { return is_null ? *is_null : truth(false); }
  /// The distance from the object's start as a 64-bit vector.
  Expression distance() const;
  /// Adds stride * index.
  void add(std::int64_t stride, const Expression& index);
};

struct Value {
  enum class Kind { Integer, Pointer, Aggregate };
  Kind kind = Kind::Integer;
  std::optional<Expression> integer;  ///< a bit vector, or a boolean for one bit
  std::optional<Expression> poison;   ///< absent: never
  Pointer pointer;
  std::vector<Value> members;

  static Value of(const Expression& integer);
  static Value of(Pointer pointer);
  static Value of(std::vector<Value> members);
  Expression poison_condition() const;
  void add_poison(const Expression& condition);
};

/// Syntactically equal.
bool is_same_value(const Value& a, const Value& b);

/// `yes` where the condition holds, else `no`; nothing when the two cannot be one value (pointers into different objects).
std::optional<Value> merge(const Expression& condition, const Value& yes, const Value& no);

}  // namespace pith::verify
