// One path through an entry instead of all of them: at each fork the way that leads farthest, or now and then one that no walk has taken
// yet.
#pragma once
#include <llvm/IR/Instruction.h>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace pith::verify {

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  /// Begins the next path.
  void begin() { signature_ = 0; }
  /// The alternatives at a fork in the order in which they are to be tried. `blocks`: where they lead; empty: nowhere else.
  std::vector<std::size_t> order(const llvm::Instruction& at, std::size_t count, const std::vector<const llvm::BasicBlock*>& blocks);
  void took(const llvm::Instruction& at, std::size_t which);
  /// Differs between paths that took different ways.
  std::uint64_t signature() const { return signature_; }

 private:
  std::uint64_t next();
  std::size_t reach_of(const llvm::BasicBlock* block);

  std::uint64_t random_;
  std::uint64_t signature_ = 0;
  std::set<std::pair<const llvm::Instruction*, std::size_t>> taken_;
  std::map<const llvm::BasicBlock*, std::size_t> reach_;
};

}  // namespace pith::verify
