// Writes a path with values of the solver for all that it read as a case that pith-replay runs natively (verify/replay/case.h).
#pragma once
#include <ostream>

#include "verify/prover/executor.h"

namespace pith::verify {

class CaseWriter {
 public:
  CaseWriter(std::ostream& text, Executor& executor, const z3::model& model);

  /// How the case begins: the entry's function, its arguments, all that `state` has read, and what the machine answers.
  void begin(const std::string& name, const std::string& function, const State& state);
  /// How it ends.
  void end_at(const Ending& ending);
  /// The obligation that is broken on the way.
  void breaks(const std::string& obligation);
  /// What the field should be at the end.
  void differs(int leaf, const std::vector<Expression>& index, const Expression& should);
  /// The predicate that is false of the state at the end.
  void falsifies(const std::string& predicate, const std::vector<Value>& arguments);
  void finish();

  /// The value of a number; booleans are 0 and 1.
  std::uint64_t value_of(const Expression& e) const;

 private:
  struct Cell {
    int leaf;
    std::vector<std::uint64_t> index;
    auto operator<=>(const Cell&) const = default;
  };
  /// `?` where it may be anything.
  std::string text_of(const Value& value) const;
  std::vector<Expression> fixed(const Cell& cell) const;
  Cell cell_of(int leaf, const std::vector<Expression>& index) const;
  bool is_kept(int object) const;
  /// Whether the cell's frame has its view's type in this state; what has not is written first, because all views are the same memory.
  bool is_seen(const Memory& memory, const Cell& cell);
  void write_cells(const char* word, const Memory& memory, const std::set<Cell>& cells);
  /// The changes that were made under this model, the last one first.
  void each_change(const NodePointer& list, const std::function<void(const Node&)>& look) const;

  std::ostream& text_;
  Executor& executor_;
  mutable z3::model model_;
  int type_leaf_;
};

}  // namespace pith::verify
