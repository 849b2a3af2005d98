// How often loops go round, read from the machine code: a loop is run on ranges until no way leads back to its start.
#pragma once
#include <functional>

#include "verify/bounds/graph.h"
#include "verify/bounds/interpreter.h"

namespace pith::bounds {

/// Rounds that a loop may have (P2).
constexpr u64 kMostRounds = 64;
/// Words of a frame: one string instruction that sets so many is a clear.
constexpr u64 kFrameWords = 512;

class Derivation {
 public:
  Derivation(Graph& graph, Problems& problems) : graph_(graph), interpreter_(graph.program().disassembler()), problems_(problems) {}

  /// Finds bounds of loops and of repeated instructions in every function of the graph. `entries` start with unknown registers.
  void run(const std::set<u64>& entries);

 private:
  using States = std::map<u32, State>;  ///< at the start of blocks
  using Arguments = std::array<Value, kRegisters>;
  void run(Function& function);
  States states_of(const Function& function, const State& start) const;
  /// One round from the header: states at the starts of the loop's blocks, and what goes back to the header.
  std::optional<State> round(const Function& function, const Loop& loop, const State& header) const;
  States propagate(const Function& function, const std::vector<u32>& order, States states,
                   const std::function<bool(u32, u32)>& follows) const;
  std::optional<State> along(const Block& block, const Block::Edge& edge, const State& state) const;
  void find_repetitions(Function& function, const States& states);
  void pass_arguments(const Block& block, State state);
  bool waits_for_lock(const Function& function, const Loop& loop, const State& header);

  Graph& graph_;
  Interpreter interpreter_;
  Problems& problems_;
  std::map<u64, Arguments> arguments_;
};

}  // namespace pith::bounds
