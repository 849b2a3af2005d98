// Questions to the solver: limited by its own count of steps, never by wall time, so that answers do not depend on the machine.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "verify/prover/expression.h"

namespace pith::verify {

enum class Answer { Impossible, Possible, Unknown };

struct SolverStatistics {
  long queries = 0;
  long retries = 0;
  double seconds = 0;
  double longest = 0;
};

class Solver {
 public:
  /// Can all of these hold at once? A model is kept when they can.
  Answer ask(const std::vector<Expression>& conditions, unsigned steps = kSteps);
  /// Value of `e` in the last model, as decimal digits.
  std::string value_of(const Expression& e) const;
  bool has_model() const { return model_.has_value(); }
  const z3::model& model() const { return *model_; }
  SolverStatistics statistics;
  /// Folder that every question is written to as an SMT-LIB file; empty: none.
  std::string dump_folder;
  /// What the next question is about; printed with its cost when `is_verbose`.
  std::string subject;
  bool is_verbose = false;

  /// For the solver that keeps what it has seen; where this does not suffice, one that starts anew is often quicker.
  static constexpr unsigned kQuickSteps = 400'000;
  static constexpr unsigned kSteps = 3'000'000;
  /// For questions that are asked again, with more, when this does not suffice.
  static constexpr unsigned kFewSteps = 500'000;

 private:
  Answer ask_quickly(const std::vector<Expression>& conditions);
  Answer ask_anew(z3::solver solver, const std::vector<Expression>& conditions, unsigned steps);
  Answer verdict(z3::check_result result, z3::solver& solver);
  const Expression& switch_of(const Expression& condition);

  std::optional<z3::model> model_;
  /// A solver that keeps the conditions of earlier questions, each behind a switch that a question turns on. It slows down with what it
  /// has learnt: after some unknown answers it is dropped for a new one.
  std::optional<z3::solver> standing_;
  std::unordered_map<unsigned, Expression> switches_;
  std::vector<Expression> kept_;  ///< conditions whose identities are in `switches_`
  unsigned unknown_answers_ = 0;
};

}  // namespace pith::verify
