// A small portfolio: a solver that keeps earlier conditions first, then a new one, then with function symbols expanded, then the general core.
#include "verify/prover/solver.h"

#include <ctime>
#include <fstream>
#include <iostream>
#include <optional>

namespace pith::verify {

namespace {

/// Questions that the standing solver may leave open before a new one takes its place.
constexpr unsigned kUnknownAnswers = 8;

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

}  // namespace

Answer Solver::verdict(z3::check_result result, z3::solver& solver) {
  if (result == z3::sat) model_ = solver.get_model();
  return result == z3::unsat ? Answer::Impossible : result == z3::sat ? Answer::Possible : Answer::Unknown;
}

const Expression& Solver::switch_of(const Expression& condition) {
  auto found = switches_.find(identity(condition));
  if (found != switches_.end()) return found->second;
  kept_.push_back(condition);
  Expression made = fresh("switch", 1);
  standing_->add(z3::implies(made, condition));
  return switches_.emplace(identity(condition), made).first->second;
}

Answer Solver::ask_quickly(const std::vector<Expression>& conditions) {
  if (!standing_ || unknown_answers_ == kUnknownAnswers) {
    switches_.clear();
    kept_.clear();
    unknown_answers_ = 0;
    standing_.emplace(solver_context(), z3::solver::simple());
    z3::params limits(solver_context());
    limits.set("rlimit", kQuickSteps);
    standing_->set(limits);
  }
  z3::expr_vector on(solver_context());
  for (const Expression& condition : conditions) on.push_back(switch_of(condition));
  Answer answer = verdict(standing_->check(on), *standing_);
  if (answer == Answer::Unknown) unknown_answers_++;
  return answer;
}

Answer Solver::ask_anew(z3::solver solver, const std::vector<Expression>& conditions, unsigned steps) {
  z3::params limits(solver_context());
  limits.set("rlimit", steps);
  solver.set(limits);
  for (const Expression& condition : conditions) solver.add(condition);
  if (!dump_folder.empty()) {
    std::ofstream(dump_folder + "/" + std::to_string(statistics.queries) + ".smt2") << solver.to_smt2();
  }
  return verdict(solver.check(), solver);
}

Answer Solver::ask(const std::vector<Expression>& conditions, unsigned steps) {
  z3::context& context = solver_context();
  double begin = processor_seconds();
  statistics.queries++;
  model_.reset();
  Answer answer = ask_quickly(conditions);
  if (answer == Answer::Unknown) answer = ask_anew(z3::solver(context, "QF_UFBV"), conditions, steps);
  if (answer == Answer::Unknown && steps >= kSteps) {
    statistics.retries++;
    answer = ask_anew(z3::tactic(context, "qfufbv_ackr").mk_solver(), conditions, steps);
  }
  if (answer == Answer::Unknown && steps >= kSteps) answer = ask_anew(z3::solver(context, z3::solver::simple()), conditions, steps);
  double seconds = processor_seconds() - begin;
  statistics.seconds += seconds;
  if (seconds > statistics.longest) statistics.longest = seconds;
  if (is_verbose) {
    std::cerr << statistics.queries << " " << subject << ": " << conditions.size() << " conditions, " << seconds << " s, "
              << (answer == Answer::Impossible ? "impossible" : answer == Answer::Possible ? "possible" : "unknown") << "\n";
  }
  return answer;
}

std::string Solver::value_of(const Expression& e) const {
  if (!model_) return "?";
  Expression value = model_->eval(e, true);
  return value.is_bv() && value.is_numeral() ? std::to_string(value.get_numeral_uint64()) : value.to_string();
}

}  // namespace pith::verify
