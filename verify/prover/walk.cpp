// Choosing ways, and the executor's steps where it follows one of several.
#include "verify/prover/walk.h"

#include <llvm/IR/CFG.h>

#include <algorithm>
#include <numeric>

#include "verify/prover/executor.h"

namespace pith::verify {

namespace {
/// One in so many forks with a way that no walk has taken is a turn into that way.
constexpr std::uint64_t kTurns = 3;

/// Names the instruction by its place in the module, which is the same in every run.
std::uint64_t place_of(const llvm::Instruction& at) {
  std::uint64_t place = 14695981039346656037u;
  for (char c : at.getFunction()->getName()) place = (place ^ std::uint64_t(static_cast<unsigned char>(c))) * 1099511628211u;
  place += std::uint64_t(std::distance(at.getFunction()->begin(), at.getParent()->getIterator())) << 16;
  return place + std::uint64_t(std::distance(at.getParent()->begin(), at.getIterator()));
}
}  // namespace

std::uint64_t Walk::next() {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  return random_ >> 33;
}

/// Instructions that can be reached from the block in its function.
std::size_t Walk::reach_of(const llvm::BasicBlock* block) {
  auto known = reach_.find(block);
  if (known != reach_.end()) return known->second;
  std::set<const llvm::BasicBlock*> seen{block};
  std::vector<const llvm::BasicBlock*> work{block};
  std::size_t reach = 0;
  while (!work.empty()) {
    const llvm::BasicBlock* at = work.back();
    work.pop_back();
    reach += at->size();
    for (const llvm::BasicBlock* after : llvm::successors(at)) {
      if (seen.insert(after).second) work.push_back(after);
    }
  }
  return reach_[block] = reach;
}

std::vector<std::size_t> Walk::order(const llvm::Instruction& at, std::size_t count, const std::vector<const llvm::BasicBlock*>& blocks) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  if (blocks.empty()) {
    if (count > 1) std::rotate(order.begin(), order.begin() + std::ptrdiff_t(next() % count), order.end());
  } else {
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      std::size_t far = reach_of(blocks[a]), other = reach_of(blocks[b]);
      return far != other ? far > other : a < b;
    });
  }
  auto is_new = [&](std::size_t which) { return taken_.count({&at, which}) == 0; };
  bool knows_some = std::any_of(order.begin(), order.end(), [&](std::size_t which) { return !is_new(which); });
  if (knows_some && next() % kTurns == 0) {
    auto first = std::find_if(order.begin(), order.end(), is_new);
    if (first != order.end()) std::rotate(order.begin(), first, first + 1);
  }
  return order;
}

void Walk::took(const llvm::Instruction& at, std::size_t which) {
  taken_.insert({&at, which});
  signature_ = signature_ * 1099511628211u + place_of(at) * 31 + which;
}

std::size_t Executor::walk_first(State& state, const llvm::Instruction& at, const std::vector<Expression>& conditions) {
  for (std::size_t which : walk->order(at, conditions.size(), {})) {
    if (!is_feasible(state, conditions[which], &at)) continue;
    walk->took(at, which);
    return which;
  }
  return 0;
}

void Executor::walk_on(Frame& frame, Active active, const llvm::Instruction& at, const std::vector<Way>& ways) {
  std::vector<const llvm::BasicBlock*> blocks;
  for (const Way& way : ways) blocks.push_back(way.to);
  for (std::size_t which : walk->order(at, ways.size(), blocks)) {
    if (ways[which].condition.is_false() || !is_feasible(active.state, ways[which].condition, &at)) continue;
    walk->took(at, which);
    active.state.path.push_back(ways[which].condition);
    return go(frame, std::move(active), ways[which].to);
  }
}

void Executor::keep_one(std::vector<Outcome>& outcomes, const llvm::Instruction& at) {
  if (outcomes.size() < 2) return;
  std::size_t chosen = 0;
  for (std::size_t which : walk->order(at, outcomes.size(), {})) {
    if (!is_feasible(outcomes[which].state, truth(true), &at)) continue;
    chosen = which;
    break;
  }
  walk->took(at, chosen);
  Outcome one = std::move(outcomes[chosen]);
  outcomes.clear();
  outcomes.push_back(std::move(one));
}

}  // namespace pith::verify
