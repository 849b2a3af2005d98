// Questions to the solver: limited by its own count of steps, never by wall time, so that answers do not depend on the machine.
#pragma once
#include <optional>
#include <string>
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

  static constexpr unsigned kSteps = 3'000'000;
  /// For questions that are asked again, with more, when this does not suffice.
  static constexpr unsigned kFewSteps = 500'000;

 private:
  std::optional<z3::model> model_;
};

}  // namespace pith::verify
