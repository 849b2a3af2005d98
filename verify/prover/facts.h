// Invariants as facts: each is instantiated with the places that a path has read, so that the solver never sees a quantifier. They hold of the state before
// the operation; those that read what a contract's function may change hold again of what it leaves.
#pragma once
#include <llvm/IR/Function.h>

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "verify/prover/state.h"

namespace pith::verify {

class Executor;
struct Contract;

/// A predicate over the kernel's state; its parameters stand for every value.
struct Predicate {
  llvm::Function* function;
  std::string name;
  std::set<int> leaves;  ///< that it reads
  /// A read whose indices are parameters, or constants: it fixes them. `position[i]`: the parameter at index i, or kAny for a constant.
  static constexpr unsigned kAny = ~0u;
  struct Trigger {
    int leaf;
    std::vector<unsigned> position;
  };
  std::vector<std::vector<Trigger>> groups;  ///< one trigger of each group fixes all parameters

  /// It compares two states.
  bool is_property() const { return name.starts_with("property_") || name.starts_with("relation_"); }
};

class Facts {
 public:
  explicit Facts(Executor& executor) : executor_(executor) {}

  /// What the invariant reads and which reads it is to be instantiated for.
  Predicate learn(llvm::Function& function);
  /// From now on the predicate holds.
  void add(Predicate predicate);
  /// It is only ever proved.
  void mention(const Predicate& predicate);
  const std::vector<Predicate>& predicates() const { return predicates_; }

  /// Whether some predicate that holds or is proved reads the object.
  bool speaks_of(int object) const { return objects_.count(object) != 0; }

  /// A call that a contract stands for: what it found and what it left behind.
  struct Call {
    Memory before, after;
    const Contract* contract;  ///< null: not a call, but the state before the operation
  };
  void add_call(int number, Call call) { calls_.emplace(number, std::move(call)); }
  const Call& call(int number) const { return calls_.at(number); }
  const Memory& after(int call) const { return calls_.at(call).after; }

  int number_of(const Read& read);
  const Read& read(int number) const { return reads_[std::size_t(number)]; }
  /// Instances for these reads, and for the reads of those instances up to `depth` times.
  std::vector<Expression> instances(const std::set<int>& reads, int depth);
  /// What makes a formula relevant to others: any name that is in both, or a field of the same place.
  enum class Link { Name, Field };
  /// Those of `formulas` that are linked to one of `goals`.
  std::vector<Expression> relevant(const std::vector<Expression>& formulas, const std::vector<Expression>& goals, Link link = Link::Name);
  /// The places where the changes wrote fields that the predicate reads at its parameter `number`.
  std::vector<Expression> written(const Memory& memory, const Predicate& predicate, unsigned number) const;
  long count() const { return long(facts_.size()); }

 private:
  struct Fact {
    Expression formula;
    std::vector<Expression> arguments;  // kept alive: their identities are in the key
    std::vector<int> reads;
    bool is_property;
  };
  /// A call restores the invariants that read what it leaves, and obeys the properties that its contract names.
  bool holds_after(int call, std::size_t predicate) const;
  struct Names {
    std::set<unsigned> all, fields;  ///< by identity; fields: those of a place that is somewhere in a table
  };
  const Names& names_of(const Expression& formula);
  int instance(int call, std::size_t predicate, const std::vector<Expression>& arguments);
  void bind(int call, std::size_t predicate, std::size_t fixed, std::size_t group, std::vector<std::optional<Expression>> bound,
            const std::vector<int>& known, std::vector<int>& found);
  bool match(const Predicate& predicate, const Predicate::Trigger& trigger, const Read& read, std::vector<std::optional<Expression>>& bound);

  Executor& executor_;
  std::vector<Predicate> predicates_;
  std::set<int> objects_;
  std::map<int, std::vector<std::pair<std::size_t, std::size_t>>> by_leaf_;  ///< leaf → predicate and group
  std::map<int, Call> calls_{{Read::kBefore, {{}, {}, nullptr}}};
  std::vector<Read> reads_;
  std::unordered_map<std::string, int> read_numbers_;
  std::vector<Fact> facts_;
  std::unordered_map<std::string, int> fact_numbers_;
  std::unordered_map<unsigned, Names> names_;                ///< by formula
  std::vector<Expression> kept_;                             ///< formulas whose identities are noted
  std::unordered_map<int, std::vector<int>> single_;  ///< instances of predicates with one group, by read
};

}  // namespace pith::verify
