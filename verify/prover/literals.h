// What a path says word for word. Conditions are taken apart into literals; a literal that comes again, in a question or in another condition, is replaced by its truth
// value, and a number that is equal to another one by that. Most of what a specification asks behind the kernel's path is settled so, without a question to the solver.
#pragma once
#include <unordered_map>
#include <vector>

#include "verify/prover/expression.h"

namespace pith::verify {

class Literals {
 public:
  /// From now on this holds as well.
  void take(const Expression& condition);
  /// The conditions cannot all hold.
  bool is_contradiction() const { return is_contradiction_; }
  /// Equal to `e` wherever the conditions hold.
  Expression simplify(const Expression& e) const;
  /// The same, remembered: `fact` must outlive this.
  Expression simplify_fact(const Expression& fact);
  /// What is said, as short as it is known: with it a question asks of terms as `simplify` leaves them.
  std::vector<Expression> conditions() const;

 private:
  /// Terms, and what takes their place.
  struct Replacement {
    std::vector<Expression> what, by;
    void say(const Expression& one, const Expression& other);
    Expression in(const Expression& e) const;
  };

  Expression narrow(Expression e) const;
  bool learn(const Expression& condition);
  void tell_apart(const Expression& read, const Expression& number);
  void bound(const Expression& condition);

  bool is_contradiction_ = false;
  Replacement bounds_;            ///< numbers that have fewer bits than room, by those bits
  Replacement said_;              ///< literals by their truth, terms by the number that they are
  std::unordered_map<unsigned, std::pair<Expression, std::size_t>> facts_;  ///< as they were when so many literals were known
  std::vector<Expression> open_;  ///< alternatives, which what comes later may settle
};

}  // namespace pith::verify
