// A small portfolio: bit-vector solver first, then with function symbols expanded, then the general core.
#include "verify/prover/solver.h"

#include <ctime>
#include <fstream>
#include <iostream>
#include <optional>

namespace pith::verify {

namespace {

double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

}  // namespace

Answer Solver::ask(const std::vector<Expression>& conditions, unsigned steps) {
  z3::context& context = solver_context();
  double begin = processor_seconds();
  statistics.queries++;
  model_.reset();
  Answer answer = Answer::Unknown;
  auto run = [&](z3::solver solver) {
    z3::params limits(context);
    limits.set("rlimit", steps);
    solver.set(limits);
    for (const Expression& condition : conditions) solver.add(condition);
    if (!dump_folder.empty()) {
      std::ofstream(dump_folder + "/" + std::to_string(statistics.queries) + ".smt2") << solver.to_smt2();
    }
    z3::check_result result = solver.check();
    if (result == z3::unsat) answer = Answer::Impossible;
    if (result == z3::sat) {
      answer = Answer::Possible;
      model_ = solver.get_model();
    }
  };
  run(z3::solver(context, "QF_UFBV"));
  if (answer == Answer::Unknown && steps >= kSteps) {
    statistics.retries++;
    run(z3::tactic(context, "qfufbv_ackr").mk_solver());
  }
  if (answer == Answer::Unknown && steps >= kSteps) run(z3::solver(context, z3::solver::simple()));
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
