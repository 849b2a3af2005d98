// What a path says word for word: each replacement is one that the path allows, and what it settles is settled.
#include "verify/prover/literals.h"

#include <gtest/gtest.h>

#include <random>

namespace pith::verify {
namespace {

Expression name(const char* text, unsigned width) { return solver_context().bv_const(text, width); }

z3::func_decl table(const char* text, unsigned index, unsigned width) {
  return solver_context().function(text, solver_context().bv_sort(index), solver_context().bv_sort(width));
}

Literals literals_of(const std::vector<Expression>& path) {
  Literals literals;
  for (const Expression& condition : path) literals.take(condition);
  return literals;
}

TEST(Literals, AConditionThatComesAgainIsTrue) {
  Expression a = name("a", 32), b = name("b", 32);
  Literals literals = literals_of({z3::ult(a, b) && a != 7});
  EXPECT_TRUE(literals.simplify(z3::ult(a, b).simplify()).is_true());
  EXPECT_TRUE(literals.simplify((a == 7).simplify()).is_false());
  EXPECT_FALSE(literals.is_contradiction());
}

TEST(Literals, AnAlternativeIsSettledByWhatComesLater) {
  Expression a = name("a", 32), b = name("b", 32);
  Literals literals = literals_of({a == 1 || b == 2, a != 1});
  EXPECT_TRUE(literals.simplify((b == 2).simplify()).is_true());
  literals.take(b == 3);
  EXPECT_TRUE(literals.is_contradiction());
}

TEST(Literals, ANumberWithABoundIsItsLowBits) {
  Expression a = name("a", 32);
  z3::func_decl field = table("field", 32, 8);
  Literals literals = literals_of({z3::ult(a, bits(1 << 24, 32)).simplify(), field(a) == 5});
  EXPECT_TRUE(literals.simplify(field(zero_extend(a.extract(23, 0), 32)) == 5).is_true());
}

TEST(Literals, WhereATableHoldsDifferentNumbersAreDifferentPlaces) {
  Expression a = name("a", 24), b = name("b", 24);
  z3::func_decl type = table("type", 24, 8);
  Literals literals = literals_of({type(a) == 3, type(b) == 4});
  EXPECT_TRUE(literals.simplify((a == b).simplify()).is_false());
  EXPECT_TRUE(literals.simplify((b == a).simplify()).is_false());
}

/// Conditions and terms of the kinds that paths are made of, drawn at random.
class Drawn {
 public:
  explicit Drawn(unsigned seed) : random_(seed) {}

  Expression condition(int depth) {
    switch (below(depth > 0 ? 8 : 4)) {
      case 0: return term(depth) == bits(below(4), 8);
      case 1: return z3::ult(term(depth), bits(1u << below(8), 8));
      case 2: return z3::ule(term(depth), term(depth));
      case 3: return term(depth) == term(depth);
      case 4: return condition(depth - 1) && condition(depth - 1);
      case 5: return condition(depth - 1) || condition(depth - 1);
      default: return !condition(depth - 1);
    }
  }

 private:
  Expression term(int depth) {
    static const z3::func_decl read = table("read", 8, 8);
    switch (below(depth > 0 ? 6 : 2)) {
      case 0: return name("x", 8);
      case 1: return name("y", 8);
      case 2: return read(term(depth - 1));
      case 3: return z3::ite(condition(depth - 1), term(depth - 1), term(depth - 1));
      case 4: return term(depth - 1) * bits(2, 8);
      default: return zero_extend(term(depth - 1).extract(3, 0), 8);
    }
  }
  unsigned below(unsigned limit) { return unsigned(random_() % limit); }

  std::mt19937 random_;
};

/// A path of four conditions, and something asked on it.
std::pair<std::vector<Expression>, Expression> drawn_question(unsigned seed) {
  Drawn drawn(seed);
  std::vector<Expression> path;
  for (int i = 0; i < 4; i++) path.push_back(drawn.condition(2).simplify());
  return {path, drawn.condition(3).simplify()};
}

TEST(Literals, WhatIsSimplifiedIsEqualOnThePath) {
  for (unsigned seed = 0; seed < 60; seed++) {
    auto [path, question] = drawn_question(seed);
    Literals literals = literals_of(path);
    z3::solver solver(solver_context());
    for (const Expression& condition : path) solver.add(condition);
    if (literals.is_contradiction()) {
      EXPECT_EQ(solver.check(), z3::unsat) << seed;
      continue;
    }
    solver.add(question != literals.simplify(question));
    EXPECT_EQ(solver.check(), z3::unsat) << seed << ": " << question << " became " << literals.simplify(question);
  }
}

TEST(Literals, AQuestionInFewerWordsHasTheSameAnswer) {
  for (unsigned seed = 1000; seed < 1040; seed++) {
    auto [path, question] = drawn_question(seed);
    Literals literals = literals_of(path);
    if (literals.is_contradiction()) continue;
    z3::solver whole(solver_context()), shorter(solver_context());
    for (const Expression& condition : path) whole.add(condition);
    whole.add(question);
    for (const Expression& condition : literals.conditions()) shorter.add(condition);
    shorter.add(literals.simplify(question));
    // It may be possible where the whole is not: what is dropped is dropped.
    if (shorter.check() == z3::unsat) EXPECT_EQ(whole.check(), z3::unsat) << seed;
  }
}

}  // namespace
}  // namespace pith::verify
