// The specification's state as the prover reads it: a cell that nothing has written yet is what the kernel's state means by it
// (verify/refinement/).
#pragma once
#include <llvm/IR/Module.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "verify/prover/facts.h"

namespace pith::verify {

class Executor;

class Meanings {
 public:
  explicit Meanings(Executor& executor) : executor_(executor) {}

  /// Reads every MEANING of the module; from then on the specification's state is read through them.
  void learn(llvm::Module& module);
  /// What was learnt of them becomes known.
  void assume();
  /// What is shown where an operation and its specification have ended.
  const std::vector<Predicate>& predicates() const { return predicates_; }
  /// Some meaning looks at the object, or it is the specification's state.
  bool speaks_of(int object) const { return spoken_of_.contains(object); }
  bool is_empty() const { return predicates_.empty(); }

  /// From now on what holds on this path of the kernel is known of what a cell means; `is_thorough`: and of which of several meanings it
  /// has, and what holds on the path of the specification. It must live until the next call.
  void follow(State* path, bool is_thorough);
  bool is_thorough() const { return is_thorough_; }
  /// The specification has come so far, which is known as well. It must live until the next call of either.
  void go_on(const State* here) { here_ = here; }

  /// While it lives, nothing is known of a path: facts are the same on all.
  class WithoutPath {
   public:
    explicit WithoutPath(Meanings& meanings) : meanings_(meanings), path_(std::exchange(meanings.path_, nullptr)) {}
    ~WithoutPath() { meanings_.path_ = path_; }

   private:
    Meanings& meanings_;
    State* path_;
  };

  /// The answer of a function spec_walk_…, which the kernel's own walk gives as well: the same for the same arguments while nothing that it
  /// looks at has changed. Nothing if something has. That it is one of the answers that there are becomes part of the path.
  std::optional<Expression> answer_of_walk(llvm::Function& walk, const std::vector<Value>& arguments, State& state, bool is_specification);

 private:
  /// How a cell of the specification is found in a predicate's parameters, and what it means.
  struct Meaning {
    llvm::Function *value, *given;
    std::vector<unsigned> position;  ///< of each index: the parameter's number
    std::size_t parameters;
  };
  struct Known {
    std::optional<Expression> value;
    std::vector<Read> reads;
  };
  struct Walk {
    std::set<int> kernel, specification;  ///< leaves that it looks at
    std::vector<Expression> answers;      ///< all that it may answer
  };

  std::optional<Expression> meaning_of(int leaf, const std::vector<Expression>& index, std::vector<Read>& reads);
  /// Names the specification's path, where that says more than the kernel's.
  std::string here() const;
  /// Whether the path says that the condition holds.
  bool is_certain(const Expression& condition, const std::vector<Read>& reads);
  /// The value without choices that the path decides.
  Expression decided(Expression value, const std::vector<Read>& reads);
  const Walk& walk_of(llvm::Function& function);

  Executor& executor_;
  State* path_ = nullptr;
  bool is_thorough_ = false;
  const State* here_ = nullptr;
  std::vector<Predicate> predicates_;
  std::set<int> spoken_of_;                    ///< objects
  std::unordered_map<int, Meaning> meanings_;  ///< by leaf
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<std::string, bool> certain_;  ///< conditions, by identity and path: whether that says that they hold
  std::vector<Expression> kept_;                   ///< whose identities are in the keys
  std::map<const llvm::Function*, Walk> walks_;
};

}  // namespace pith::verify
