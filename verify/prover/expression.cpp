// Building expressions: constants are folded early, because every later step looks at the result.
#include "verify/prover/expression.h"

namespace pith::verify {

z3::context& solver_context() {
  static z3::context context;
  return context;
}

Expression bits(std::uint64_t value, unsigned width) { return solver_context().bv_val(value, width); }
Expression truth(bool value) { return solver_context().bool_val(value); }

Expression fresh(const std::string& name, unsigned width) {
  static int number = 0;
  std::string full = name + "!" + std::to_string(number++);
  return width == 1 ? solver_context().bool_const(full.c_str()) : solver_context().bv_const(full.c_str(), width);
}

unsigned identity(const Expression& expression) { return Z3_get_ast_id(solver_context(), expression); }
bool is_same(const Expression& a, const Expression& b) { return z3::eq(a, b); }
unsigned width_of(const Expression& expression) { return expression.is_bool() ? 1 : expression.get_sort().bv_size(); }

Expression choose(const Expression& condition, const Expression& yes, const Expression& no) {
  if (condition.is_true() || is_same(yes, no)) return yes;
  if (condition.is_false()) return no;
  return z3::ite(condition, yes, no);
}

Expression both(const Expression& a, const Expression& b) {
  if (a.is_true() || b.is_false()) return b;
  if (b.is_true() || a.is_false()) return a;
  return is_same(a, b) ? a : a && b;
}

Expression either(const Expression& a, const Expression& b) {
  if (a.is_false() || b.is_true()) return b;
  if (b.is_false() || a.is_true()) return a;
  return is_same(a, b) ? a : a || b;
}

Expression negate(const Expression& a) {
  if (a.is_true() || a.is_false()) return truth(a.is_false());
  return a.is_not() ? a.arg(0) : !a;
}

Expression equal(const Expression& a, const Expression& b) {
  if (is_same(a, b)) return truth(true);
  if (a.is_numeral() && b.is_numeral()) return truth(false);
  return a == b;
}

Expression zero_extend(const Expression& e, unsigned width) {
  unsigned from = width_of(e);
  return from == width ? e : z3::zext(e, width - from);
}

Expression sign_extend(const Expression& e, unsigned width) {
  unsigned from = width_of(e);
  return from == width ? e : z3::sext(e, width - from);
}

Expression low_bits(const Expression& e, unsigned width) { return width_of(e) == width ? e : e.extract(width - 1, 0).simplify(); }

Expression as_bits(const Expression& e, unsigned width) { return e.is_bool() ? choose(e, bits(1, width), bits(0, width)) : e; }
Expression as_truth(const Expression& e) { return e.is_bool() ? e : equal(e, bits(1, width_of(e))); }

Expression no_overflow(Arithmetic operation, const Expression& a, const Expression& b, bool is_signed) {
  z3::context& context = solver_context();
  Z3_ast x = a, y = b;
  switch (operation) {
    case Arithmetic::Add:
      if (!is_signed) return z3::uge(a + b, a);
      return Expression(context, Z3_mk_bvadd_no_overflow(context, x, y, true)) && Expression(context, Z3_mk_bvadd_no_underflow(context, x, y));
    case Arithmetic::Subtract:
      if (!is_signed) return z3::uge(a, b);
      return Expression(context, Z3_mk_bvsub_no_overflow(context, x, y)) && Expression(context, Z3_mk_bvsub_no_underflow(context, x, y, true));
    case Arithmetic::Multiply:
      if (!is_signed) return Expression(context, Z3_mk_bvmul_no_overflow(context, x, y, false));
      return Expression(context, Z3_mk_bvmul_no_overflow(context, x, y, true)) && Expression(context, Z3_mk_bvmul_no_underflow(context, x, y));
  }
  return truth(false);
}

std::vector<Expression> those_among(const std::vector<Expression>& every, const std::vector<std::vector<Expression>>& places) {
  std::vector<Expression> conditions;
  for (const auto& place : places) {
    std::vector<Expression> differences;
    for (std::size_t i = 0; i < every.size(); i++) {
      if (!is_same(every[i], place[i])) differences.push_back(equal(every[i], place[i]).simplify());
    }
    if (differences.size() == 1) conditions.push_back(differences[0]);
  }
  return conditions;
}

}  // namespace pith::verify
