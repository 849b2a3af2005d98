// Expressions of the solver, built with the folding that keeps most of them small.
#pragma once
#include <z3++.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pith::verify {

using Expression = z3::expr;

/// The one solver context of this process: every operation is proved in a process of its own, so that results do not depend on each other.
z3::context& solver_context();

/// A bit vector constant of `width` bits (1…64).
Expression bits(std::uint64_t value, unsigned width);
Expression truth(bool value);

/// A new unconstrained bit vector, or a boolean where `width` is 1.
Expression fresh(const std::string& name, unsigned width);

/// Identity of a hash-consed expression: equal for syntactically equal ones while they live.
unsigned identity(const Expression& expression);
bool is_same(const Expression& a, const Expression& b);
unsigned width_of(const Expression& expression);

// Connectives that fold constants and equal operands. Bit vectors of one bit are booleans everywhere outside memory.
Expression choose(const Expression& condition, const Expression& yes, const Expression& no);
Expression both(const Expression& a, const Expression& b);
Expression either(const Expression& a, const Expression& b);
Expression negate(const Expression& a);
Expression equal(const Expression& a, const Expression& b);

/// Changes the width: zero or sign extension, or truncation. `as_bits` turns booleans into vectors, `as_truth` the other way.
Expression zero_extend(const Expression& e, unsigned width);
Expression sign_extend(const Expression& e, unsigned width);
Expression low_bits(const Expression& e, unsigned width);
Expression as_bits(const Expression& e, unsigned width);
Expression as_truth(const Expression& e);

/// Of an index that stands for many, the conditions under which it is one of these places.
std::vector<Expression> those_among(const std::vector<Expression>& every, const std::vector<std::vector<Expression>>& places);

/// The condition under which `a op b` does not overflow.
enum class Arithmetic { Add, Subtract, Multiply };
Expression no_overflow(Arithmetic operation, const Expression& a, const Expression& b, bool is_signed);

}  // namespace pith::verify
