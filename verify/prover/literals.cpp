// Two replacements: first each number that has a bound is its low bits, so that an index is the same term however it was reached; then what is said is true.
#include "verify/prover/literals.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace pith::verify {

namespace {

/// A number inside a bounded one may have a bound as well: so deep are they looked for.
constexpr int kNesting = 4;
/// How often what is new is looked for in what is open.
constexpr int kRounds = 4;

/// A multiple of a power of two is written as bits in front of zeros.
Expression simplified(const Expression& e) {
  z3::params how(solver_context());
  how.set("mul2concat", true);
  return e.simplify(how);
}

/// Calls `use` with each condition of nested conjunctions.
void for_each_part(const Expression& condition, const std::function<void(const Expression&)>& use) {
  if (condition.is_and()) {
    for (unsigned i = 0; i < condition.num_args(); i++) for_each_part(condition.arg(i), use);
  } else if (condition.is_not() && condition.arg(0).is_or()) {
    for (unsigned i = 0; i < condition.arg(0).num_args(); i++) for_each_part(negate(condition.arg(0).arg(i)), use);
  } else if (!condition.is_true()) {
    use(condition);
  }
}

bool is_number(const Expression& e) { return e.is_bv() && e.is_numeral() && width_of(e) <= 64; }
bool is_name(const Expression& e) { return e.is_bv() && e.is_const(); }

/// There is no alternative and no choice in it: nothing that is known later makes it simpler.
bool is_plain(const Expression& e) {
  if (!e.is_app()) return true;
  if (e.is_ite() || e.is_or() || e.is_and()) return false;
  for (unsigned i = 0; i < e.num_args(); i++) {
    if (!is_plain(e.arg(i))) return false;
  }
  return true;
}

}  // namespace

void Literals::Replacement::say(const Expression& one, const Expression& other) {
  what.push_back(one);
  by.push_back(other);
}

Expression Literals::Replacement::in(const Expression& e) const {
  std::vector<Z3_ast> from(what.begin(), what.end()), to(by.begin(), by.end());
  return Expression(solver_context(), Z3_substitute(solver_context(), e, unsigned(from.size()), from.data(), to.data()));
}

void Literals::take(const Expression& condition) {
  bool is_news = learn(condition);
  for (int round = 0; is_news && round < kRounds && !is_contradiction_; round++) {
    is_news = false;
    for (const Expression& alternative : std::exchange(open_, {})) is_news |= learn(alternative);
  }
}

/// Answers whether it said anything new.
bool Literals::learn(const Expression& condition) {
  bool is_news = false;
  for_each_part(simplified(said_.in(narrow(condition))), [&](const Expression& part) {
    if (part.is_false()) is_contradiction_ = true;
    if (!is_plain(part)) return open_.push_back(part);
    is_news = true;
    bool is_negated = part.is_not();
    said_.say(is_negated ? part.arg(0) : part, truth(!is_negated));
    bound(part);
    if (!part.is_eq()) return;
    bool is_second = is_name(part.arg(1));
    if (!is_second && !is_name(part.arg(0))) return;
    Expression term = part.arg(is_second ? 0 : 1), name = part.arg(is_second ? 1 : 0);
    if (term.is_app() && term.decl().decl_kind() == Z3_OP_UNINTERPRETED && term.num_args() != 0 && name.is_numeral()) tell_apart(term, name);
    said_.say(term, name);
  });
  return is_news;
}

/// Where a table holds different numbers there are different places.
void Literals::tell_apart(const Expression& read, const Expression& number) {
  for (std::size_t i = 0; i < said_.what.size(); i++) {
    Expression other = said_.what[i];
    if (!other.is_app() || other.num_args() != read.num_args() || other.decl().id() != read.decl().id() || !said_.by[i].is_numeral() || is_same(said_.by[i], number)) continue;
    std::vector<unsigned> different;
    for (unsigned k = 0; k < read.num_args(); k++) {
      if (!is_same(read.arg(k), other.arg(k))) different.push_back(k);
    }
    if (different.size() != 1) continue;
    Expression one = read.arg(different[0]), another = other.arg(different[0]);
    said_.say((one == another).simplify(), truth(false));
    said_.say((another == one).simplify(), truth(false));
  }
}

/// x < 2^n, as the solver writes it: not 2^n ≤ x, or the bits above are 0.
void Literals::bound(const Expression& condition) {
  unsigned used = 0;
  Expression number = condition;
  if (condition.is_not() && condition.arg(0).is_app() && condition.arg(0).decl().decl_kind() == Z3_OP_ULEQ && is_number(condition.arg(0).arg(0))) {
    std::uint64_t limit = condition.arg(0).arg(0).get_numeral_uint64();
    if (!std::has_single_bit(limit)) return;
    used = unsigned(std::countr_zero(limit));
    number = condition.arg(0).arg(1);
  } else if (condition.is_eq() && is_number(condition.arg(1)) && condition.arg(1).get_numeral_uint64() == 0 && condition.arg(0).decl().decl_kind() == Z3_OP_EXTRACT) {
    number = condition.arg(0).arg(0);
    if (condition.arg(0).hi() + 1 != width_of(number)) return;
    used = condition.arg(0).lo();
  }
  if (used == 0 || number.is_numeral() || number.decl().decl_kind() == Z3_OP_CONCAT) return;
  bounds_.say(number, zero_extend(number.extract(used - 1, 0), width_of(number)));
}

Expression Literals::narrow(Expression e) const {
  e = simplified(e);
  for (int i = 0; i < kNesting && !bounds_.what.empty(); i++) {
    Expression next = simplified(bounds_.in(e));
    if (is_same(next, e)) break;
    e = next;
  }
  return e;
}

Expression Literals::simplify(const Expression& e) const {
  Expression simple = simplified(said_.in(narrow(e)));
  if (simple.is_true() || simple.is_false()) return simple;
  Replacement alternatives;
  for (const Expression& one : open_) alternatives.say(one.is_not() ? one.arg(0) : one, truth(!one.is_not()));
  return simplified(alternatives.in(simple));
}

Expression Literals::simplify_fact(const Expression& fact) {
  auto [place, is_new] = facts_.try_emplace(identity(fact), fact, 0);
  auto& [simple, known] = place->second;
  if (is_new || (known != said_.what.size() && !simple.is_true())) simple = simplify(simple);
  known = said_.what.size();
  return simple;
}

std::vector<Expression> Literals::conditions() const {
  std::vector<Expression> all = open_;
  for (std::size_t i = 0; i < said_.what.size(); i++) {
    if (said_.what[i].is_bool()) all.push_back(said_.by[i].is_true() ? said_.what[i] : negate(said_.what[i]));
  }
  return all;
}

}  // namespace pith::verify
