// Values of which a contract says nothing, and what they are where its function ends.
#pragma once
#include "verify/prover/expression.h"

namespace pith::verify {

inline bool is_anything(const Expression& e) { return e.is_const() && !e.is_numeral() && e.decl().name().str().starts_with("any!"); }
inline bool speaks_of_anything(const Expression& e) {
  return is_anything(e) || (e.is_ite() && (speaks_of_anything(e.arg(1)) || speaks_of_anything(e.arg(2))));
}

/// What a contract says may be anything, and what it is where the function ends.
struct Anything {
  z3::expr_vector any{solver_context()}, is{solver_context()};

  void take(const Expression& said, const Expression& found) {
    if (!is_anything(said)) return;
    for (const Expression& known : any) {
      if (is_same(known, said)) return;
    }
    any.push_back(said);
    is.push_back(found);
  }
  Expression in(const Expression& e) const { return Expression(e).substitute(any, is).simplify(); }
};

}  // namespace pith::verify
