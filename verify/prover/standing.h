// A solver that keeps the conditions of earlier questions: most questions repeat nearly all of the one before.
#pragma once
#include <optional>
#include <unordered_map>
#include <vector>

#include "verify/prover/expression.h"

namespace pith::verify {

class StandingSolver {
 public:
  /// Can all of these hold at once? At most `steps` are spent on it.
  z3::check_result ask(const std::vector<Expression>& conditions, unsigned steps);
  /// Of the last question, when it was possible.
  z3::model model() const { return solver_->get_model(); }

 private:
  const Expression& switch_of(const Expression& condition);

  std::optional<z3::solver> solver_;
  /// Each condition is behind a switch that a question turns on, by the condition's identity.
  std::unordered_map<unsigned, Expression> switches_;
  std::vector<Expression> kept_;  ///< conditions whose identities are in `switches_`
  unsigned unknown_answers_ = 0;
};

}  // namespace pith::verify
