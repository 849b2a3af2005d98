// Where paths meet: two states become one whose values and memory are choices between theirs.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "verify/prover/executor.h"
#include "verify/prover/modelled.h"

namespace pith::verify {

namespace {

/// Conditions that two paths which meet may each have of their own and be remembered exactly.
constexpr std::size_t kMostConditions = 96;
/// The same of the specification, which is short and whose answer has to be exact.
constexpr std::size_t kMostOfSpecification = 1000;

template <class T>
void keep_common(std::set<T>& mine, const std::set<T>& other) {
  std::erase_if(mine, [&](const T& e) { return !other.count(e); });
}

/// Contracts say the same of both.
bool is_told_alike(const State& a, const State& b) {
  return a.calls == b.calls && std::equal(a.promises.begin(), a.promises.end(), b.promises.begin(), b.promises.end(), is_same);
}

/// Conditions that are in both, with what differs as one disjunction unless that is of more than `most` of either; `condition` becomes that
/// of `yes` alone.
std::vector<Expression> merge_paths(const std::vector<Expression>& yes, const std::vector<Expression>& no, std::size_t most,
                                    Expression& condition) {
  std::size_t common = 0;
  while (common < yes.size() && common < no.size() && is_same(yes[common], no[common])) common++;
  Expression left = truth(true), right = truth(true);
  for (std::size_t i = common; i < yes.size(); i++) left = both(left, yes[i]);
  for (std::size_t i = common; i < no.size(); i++) right = both(right, no[i]);
  std::vector<Expression> merged(yes.begin(), yes.begin() + std::ptrdiff_t(common));
  // What is left out only makes more states possible. Behind a loop of many rounds the ways through it are more than a question can hold. A name stands for
  // them, which tells them from a way that meets them later.
  bool is_long = yes.size() - common > most || no.size() - common > most;
  Expression any = is_long ? fresh("met", 1) : either(left, right).simplify();
  if (!any.is_true()) merged.push_back(any);
  condition = left.simplify();
  return merged;
}

}  // namespace

bool is_handed_on(const Ending& ending) {
  return std::any_of(std::begin(kCuts) + 1, std::end(kCuts), [&](std::string_view cut) { return ending.where == cut; });
}

Ending common_of(const std::vector<Ending*>& endings) {
  Ending common = *endings[0];
  common.state.witness.reset();
  for (const Ending* other : endings) {
    std::size_t same = 0;
    std::vector<Expression>& path = common.state.path;
    while (same < path.size() && same < other->state.path.size() && is_same(path[same], other->state.path[same])) same++;
    path.erase(path.begin() + std::ptrdiff_t(same), path.end());
    common.state.reads.insert(other->state.reads.begin(), other->state.reads.end());
  }
  return common;
}

std::size_t Executor::most_conditions() const { return walk != nullptr ? SIZE_MAX : follows_ ? kMostOfSpecification : kMostConditions; }

bool Executor::is_alike(const Memory& a, const Memory& b) const {
  auto agrees = [&](const Memory& left, const Memory& right) {
    return std::all_of(left.begin(), left.end(), [&](const auto& change) {
      auto other = right.find(change.first);
      if (other != right.end() ? other->second == change.second : change.second == nullptr) return true;
      if (memory.object(change.first).kind != ObjectKind::Plain) return false;
      return keeps_apart() ? !meanings.speaks_of(change.first) : !facts.speaks_of(change.first);
    });
  };
  return agrees(a, b) && agrees(b, a);
}

std::optional<Value> Executor::merge_values(const Expression& condition, const Value& yes, const Value& no) const {
  if (keeps_apart()) return is_same_value(yes, no) ? std::optional(yes) : std::nullopt;
  return merge(condition, yes, no);
}

void Executor::become_one(State& target, const State& other, const Expression& condition, std::vector<Expression> path) {
  target.path = std::move(path);
  target.memory = memory.merge(condition, target.memory, other.memory);
  target.answers = MemoryModel::merge(condition, target.answers, other.answers);
  target.reads.insert(other.reads.begin(), other.reads.end());
  keep_common(target.met, other.met);
  keep_common(target.shown, other.shown);
}

bool Executor::merge_into(Active& target, const Active& other, const Frame& frame, const llvm::BasicBlock* block) {
  if (target.state.reads_old != other.state.reads_old || !is_told_alike(target.state, other.state)) return false;
  if (!may_merge_memory(frame.depth) && !is_alike(target.state.memory, other.state.memory)) return false;
  Expression condition = truth(true);
  std::vector<Expression> path = merge_paths(target.state.path, other.state.path, most_conditions(), condition);
  Locals locals;
  auto take = [&](const llvm::Value* name) {
    auto yes = target.locals.find(name);
    auto no = other.locals.find(name);
    if (yes == target.locals.end() || no == other.locals.end()) return true;
    auto merged = merge_values(condition, yes->second, no->second);
    if (merged) locals.insert({name, *merged});
    return merged.has_value();
  };
  for (const llvm::Value* name : frame.analysis.live_into(block)) {
    if (!take(name)) return false;
  }
  for (const llvm::PHINode& phi : block->phis()) {
    if (!take(&phi)) return false;
  }
  target.locals = std::move(locals);
  become_one(target.state, other.state, condition, std::move(path));
  return true;
}

bool Executor::stays_apart(unsigned depth) const { return proving != nullptr && proving->returns_apart && !specifies && !pure_ && depth <= 1; }

std::vector<Executor::Active> Executor::merge_actives(std::vector<Active> actives, const Frame& frame, const llvm::BasicBlock* block) {
  if (stays_apart(frame.depth) && llvm::isa<llvm::ReturnInst>(block->getTerminator())) return actives;
  std::vector<Active> merged;
  for (Active& active : actives) {
    bool is_merged = false;
    for (Active& target : merged) {
      is_merged = merge_into(target, active, frame, block);
      if (is_merged) break;
    }
    if (!is_merged) merged.push_back(std::move(active));
  }
  return merged;
}

std::vector<Outcome> Executor::merge_outcomes(std::vector<Outcome> outcomes, unsigned depth) {
  if (stays_apart(depth)) return outcomes;
  std::vector<Outcome> merged;
  for (Outcome& outcome : outcomes) {
    bool is_merged = false;
    for (Outcome& target : merged) {
      if (!is_told_alike(target.state, outcome.state)) continue;
      if (!may_merge_memory(depth) && !is_alike(target.state.memory, outcome.state.memory)) continue;
      Expression condition = truth(true);
      std::vector<Expression> path = merge_paths(target.state.path, outcome.state.path, most_conditions(), condition);
      std::optional<Value> result;
      if (target.result) {
        result = merge_values(condition, *target.result, *outcome.result);
        if (!result) continue;
      }
      target.result = result;
      become_one(target.state, outcome.state, condition, std::move(path));
      is_merged = true;
      break;
    }
    if (!is_merged) merged.push_back(std::move(outcome));
  }
  return merged;
}

}  // namespace pith::verify
