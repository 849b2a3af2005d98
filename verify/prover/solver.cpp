// A small portfolio: a solver that keeps earlier conditions first, then a new one, then with function symbols expanded, then the general
// core.
#include "verify/prover/solver.h"

#include <ctime>
#include <fstream>
#include <iostream>
#include <optional>

namespace pith::verify {

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

namespace {

Answer answer_of(z3::check_result result) {
  return result == z3::unsat ? Answer::Impossible : result == z3::sat ? Answer::Possible : Answer::Unknown;
}

}  // namespace

void Solver::dump(const std::vector<Expression>& conditions) const {
  if (dump_folder.empty()) return;
  z3::solver solver(solver_context());
  for (const Expression& condition : conditions) solver.add(condition);
  std::ofstream(dump_folder + "/" + std::to_string(statistics.queries) + ".smt2") << solver.to_smt2();
}

Answer Solver::ask_standing(StandingSolver& solver, const std::vector<Expression>& conditions, unsigned steps) {
  dump(conditions);
  z3::check_result result = solver.ask(conditions, steps);
  if (result == z3::sat) model_ = solver.model();
  return answer_of(result);
}

Answer Solver::ask_anew(z3::solver solver, const std::vector<Expression>& conditions, unsigned steps) {
  z3::params limits(solver_context());
  limits.set("rlimit", steps);
  solver.set(limits);
  for (const Expression& condition : conditions) solver.add(condition);
  z3::check_result result = solver.check();
  if (result == z3::sat) model_ = solver.get_model();
  return answer_of(result);
}

double solver_steps() {
  z3::stats statistics = z3::solver(solver_context(), z3::solver::simple()).statistics();
  for (unsigned i = 0; i < statistics.size(); i++) {
    if (statistics.key(i) == "rlimit count") return statistics.is_uint(i) ? statistics.uint_value(i) : statistics.double_value(i);
  }
  return 0;
}

Answer Solver::account(double begin, std::size_t conditions, Answer answer) {
  double seconds = processor_seconds() - begin;
  statistics.queries++;
  statistics.seconds += seconds;
  if (seconds > statistics.longest) statistics.longest = seconds;
  if (is_verbose) {
    std::cerr << statistics.queries << " " << subject << ": " << conditions << " conditions, " << seconds << " s, "
              << std::uint64_t(solver_steps()) << " steps so far, "
              << (answer == Answer::Impossible ? "impossible"
                  : answer == Answer::Possible ? "possible"
                                               : "unknown")
              << "\n";
  }
  return answer;
}

Answer Solver::ask_only(StandingSolver& solver, const std::vector<Expression>& conditions, unsigned steps) {
  double begin = processor_seconds();
  model_.reset();
  return account(begin, conditions.size(), ask_standing(solver, conditions, steps));
}

Answer Solver::ask(const std::vector<Expression>& all, unsigned steps, const std::function<std::vector<Expression>()>& shorter) {
  z3::context& context = solver_context();
  double begin = processor_seconds();
  model_.reset();
  Answer answer = ask_standing(near_, all, kQuickSteps);
  std::vector<Expression> conditions = answer == Answer::Unknown && shorter ? shorter() : all;
  if (answer == Answer::Unknown) answer = ask_anew(z3::solver(context, "QF_UFBV"), conditions, steps);
  if (answer == Answer::Unknown && steps >= kSteps) {
    statistics.retries++;
    answer = ask_anew(z3::tactic(context, "qfufbv_ackr").mk_solver(), conditions, steps);
  }
  if (answer == Answer::Unknown && steps >= kSteps) answer = ask_anew(z3::solver(context, z3::solver::simple()), conditions, steps);
  return account(begin, conditions.size(), answer);
}

std::string Solver::value_of(const Expression& e) const {
  if (!model_) return "?";
  Expression value = model_->eval(e, true);
  return value.is_bv() && value.is_numeral() ? std::to_string(value.get_numeral_uint64()) : value.to_string();
}

}  // namespace pith::verify
