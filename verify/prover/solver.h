// Questions to the solver: limited by its own count of steps, never by wall time, so that answers do not depend on the machine.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "verify/prover/standing.h"

namespace pith::verify {

enum class Answer { Impossible, Possible, Unknown };

/// Processor time that this process has used, in seconds.
double processor_seconds();
/// Steps that the solver has taken in this process: what its limits count, and the same on every machine.
double solver_steps();

struct SolverStatistics {
  long queries = 0;
  long retries = 0;
  double seconds = 0;
  double longest = 0;
};

class Solver {
 public:
  /// Can all of these hold at once? A model is kept when they can. `steps`: what a new solver may spend when the standing one gives up.
  Answer ask(const std::vector<Expression>& conditions, unsigned steps = kSteps,
             const std::function<std::vector<Expression>()>& shorter = {});
  /// The same with so few conditions that more are asked with when it is not impossible.
  Answer ask_briefly(const std::vector<Expression>& conditions) { return ask_only(brief_, conditions, kBriefSteps); }
  /// The same with many conditions, of which few matter; soon given up.
  Answer ask_quickly(const std::vector<Expression>& conditions) { return ask_only(far_, conditions, kQuickSteps); }
  /// Value of `e` in the last model, as decimal digits.
  std::string value_of(const Expression& e) const;
  bool has_model() const { return model_.has_value(); }
  const z3::model& model() const { return *model_; }
  /// Makes an earlier model the last one again.
  void recall(const z3::model& model) { model_ = model; }
  SolverStatistics statistics;
  /// Folder that every question is written to as an SMT-LIB file; empty: none.
  std::string dump_folder;
  /// What the next question is about; printed with its cost when `is_verbose`.
  std::string subject;
  bool is_verbose = false;

  static constexpr unsigned kSteps = 3'000'000;
  /// For questions that are asked again, with more, when this does not suffice.
  static constexpr unsigned kFewSteps = 500'000;
  /// For questions that are not asked again, but whose answer only makes others simpler.
  static constexpr unsigned kSomeSteps = 1'500'000;
  /// For the standing solver: where these do not suffice, a new one is often quicker.
  static constexpr unsigned kQuickSteps = 400'000;
  /// With few conditions: nearly all that is impossible is seen to be so in a tenth of the above.
  static constexpr unsigned kBriefSteps = 80'000;

 private:
  Answer ask_only(StandingSolver& solver, const std::vector<Expression>& conditions, unsigned steps);
  Answer ask_standing(StandingSolver& solver, const std::vector<Expression>& conditions, unsigned steps);
  Answer ask_anew(z3::solver solver, const std::vector<Expression>& conditions, unsigned steps);
  void dump(const std::vector<Expression>& conditions) const;
  Answer account(double begin, std::size_t conditions, Answer answer);

  std::optional<z3::model> model_;
  // Each learns from its own questions, and is not burdened by the others'.
  StandingSolver brief_, near_, far_;
};

}  // namespace pith::verify
