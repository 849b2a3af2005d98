// What the executor must know of a function before it runs it: an order of its blocks in which paths meet, and what is alive where.
#pragma once
#include <llvm/IR/Function.h>

#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pith::verify {

/// Where an execution stands in its function: for each loop around the block the header's position and the iteration, then the block's position.
/// Executing the smallest place first makes paths meet in each block before it is left.
using BlockPlace = std::vector<unsigned>;

class FunctionAnalysis {
 public:
  explicit FunctionAnalysis(llvm::Function& function);

  /// The place of `block`, reached from `from` (null: the entry), which stood at `before`.
  BlockPlace place_of(const llvm::BasicBlock* block, const llvm::BasicBlock* from, const BlockPlace& before) const;
  bool is_in_loop(const llvm::BasicBlock* block) const { return !loops_.at(block).empty(); }
  /// Whether what follows the branch at the end of `block` only reads until all its ways meet again, or all of the loop around it does.
  bool is_quiet(const llvm::BasicBlock* block) const { return quiet_.count(block) != 0; }
  /// Values that are used in `block` or behind it but defined before it, its phi nodes excluded; in the order in which the function defines them, so that
  /// what is made of them, and with it how long the solver takes, is the same in every run.
  const std::vector<const llvm::Value*>& live_into(const llvm::BasicBlock* block) const { return live_.at(block); }
  /// True for a block that does nothing but report a broken assertion.
  static bool is_failure(const llvm::BasicBlock* block);

 private:
  void find_live(llvm::Function& function);

  std::unordered_map<const llvm::BasicBlock*, unsigned> position_;
  std::unordered_map<const llvm::BasicBlock*, std::vector<const llvm::BasicBlock*>> loops_;  ///< headers, outermost first
  std::unordered_map<const llvm::BasicBlock*, std::vector<const llvm::Value*>> live_;
  std::unordered_set<const llvm::BasicBlock*> quiet_;
};

}  // namespace pith::verify
