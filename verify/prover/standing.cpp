// A solver slows down with what it has learnt: after some questions that it left open a new one takes its place.
#include "verify/prover/standing.h"

namespace pith::verify {

namespace {
constexpr unsigned kUnknownAnswers = 3;
}

const Expression& StandingSolver::switch_of(const Expression& condition) {
  auto found = switches_.find(identity(condition));
  if (found != switches_.end()) return found->second;
  kept_.push_back(condition);
  Expression made = fresh("switch", 1);
  solver_->add(z3::implies(made, condition));
  return switches_.emplace(identity(condition), made).first->second;
}

z3::check_result StandingSolver::ask(const std::vector<Expression>& conditions, unsigned steps) {
  if (!solver_ || unknown_answers_ == kUnknownAnswers) {
    switches_.clear();
    kept_.clear();
    unknown_answers_ = 0;
    solver_.emplace(solver_context(), z3::solver::simple());
  }
  z3::params limits(solver_context());
  limits.set("rlimit", steps);
  // What matters is few conditions: to find out again and again which of them do costs more than to look at all.
  limits.set("smt.relevancy", 0u);
  solver_->set(limits);
  z3::expr_vector on(solver_context());
  for (const Expression& condition : conditions) on.push_back(switch_of(condition));
  z3::check_result result = solver_->check(on);
  if (result == z3::unknown) unknown_answers_++;
  return result;
}

}  // namespace pith::verify
