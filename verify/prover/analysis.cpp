// Block order by loops, and liveness by the usual backward iteration.
#include "verify/prover/analysis.h"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>
#include <iterator>

namespace pith::verify {

namespace {

/// Nothing in the block writes, calls, or ends the function's execution without a return.
bool only_reads(const llvm::BasicBlock& block) {
  return std::all_of(block.begin(), block.end(), [](const llvm::Instruction& instruction) {
    return !instruction.mayHaveSideEffects() && !llvm::isa<llvm::UnreachableInst>(instruction);
  });
}

/// All blocks between `block` and `end`, where its ways meet, only read.
bool only_reads_until(const llvm::BasicBlock* block, const llvm::BasicBlock* end) {
  std::unordered_set<const llvm::BasicBlock*> seen{end};
  std::vector<const llvm::BasicBlock*> work{block};
  while (!work.empty()) {
    const llvm::BasicBlock* at = work.back();
    work.pop_back();
    for (const llvm::BasicBlock* next : llvm::successors(at)) {
      if (!seen.insert(next).second) continue;
      if (!only_reads(*next)) return false;
      work.push_back(next);
    }
  }
  return true;
}

}  // namespace

FunctionAnalysis::FunctionAnalysis(llvm::Function& function) {
  llvm::DominatorTree dominators(function);
  llvm::LoopInfo loops(dominators);
  llvm::PostDominatorTree meeting(function);
  llvm::ReversePostOrderTraversal<llvm::Function*> order(&function);
  unsigned next = 0;
  for (llvm::BasicBlock* block : order) position_[block] = next++;
  for (llvm::BasicBlock& block : function) {
    position_.try_emplace(&block, next++);
    auto& around = loops_[&block];
    for (llvm::Loop* loop = loops.getLoopFor(&block); loop != nullptr; loop = loop->getParentLoop()) around.push_back(loop->getHeader());
    std::reverse(around.begin(), around.end());
    const llvm::Loop* loop = loops.getLoopFor(&block);
    const auto* node = meeting.getNode(&block);
    const llvm::BasicBlock* end = node != nullptr && node->getIDom() != nullptr ? node->getIDom()->getBlock() : nullptr;
    bool is_quiet = loop != nullptr && std::all_of(loop->block_begin(), loop->block_end(), [](const llvm::BasicBlock* b) { return only_reads(*b); });
    if (is_quiet || (end != nullptr && only_reads_until(&block, end))) quiet_.insert(&block);
  }
  find_live(function);
}

void FunctionAnalysis::find_live(llvm::Function& function) {
  std::vector<const llvm::Value*> all;
  for (const llvm::Argument& argument : function.args()) all.push_back(&argument);
  for (const llvm::Instruction& instruction : llvm::instructions(function)) all.push_back(&instruction);
  std::unordered_map<const llvm::BasicBlock*, std::unordered_set<const llvm::Value*>> found;
  bool changed = true;
  while (changed) {
    changed = false;
    for (llvm::BasicBlock* block : llvm::post_order(&function)) {
      std::unordered_set<const llvm::Value*> live;
      for (llvm::BasicBlock* successor : llvm::successors(block)) {
        live.insert(found[successor].begin(), found[successor].end());
        for (llvm::PHINode& phi : successor->phis()) {
          const llvm::Value* incoming = phi.getIncomingValueForBlock(block);
          if (llvm::isa<llvm::Instruction>(incoming) || llvm::isa<llvm::Argument>(incoming)) live.insert(incoming);
        }
      }
      for (auto instruction = block->rbegin(); instruction != block->rend(); ++instruction) {
        live.erase(&*instruction);
        if (llvm::isa<llvm::PHINode>(&*instruction)) continue;
        for (const llvm::Use& use : instruction->operands()) {
          if (llvm::isa<llvm::Instruction>(use.get()) || llvm::isa<llvm::Argument>(use.get())) live.insert(use.get());
        }
      }
      if (live != found[block]) {
        found[block] = std::move(live);
        changed = true;
      }
    }
  }
  for (const llvm::BasicBlock& block : function) {
    std::vector<const llvm::Value*>& live = live_[&block];
    std::copy_if(all.begin(), all.end(), std::back_inserter(live), [&](const llvm::Value* value) { return found[&block].count(value) != 0; });
  }
}

BlockPlace FunctionAnalysis::place_of(const llvm::BasicBlock* block, const llvm::BasicBlock* from, const BlockPlace& before) const {
  BlockPlace place;
  const auto& around = loops_.at(block);
  for (std::size_t i = 0; i < around.size(); i++) {
    const llvm::BasicBlock* header = around[i];
    unsigned iteration = 0;
    bool was_inside = before.size() > 2 * i + 1 && before[2 * i] == position_.at(header) && from != nullptr;
    if (was_inside) {
      const auto& old = loops_.at(from);
      was_inside = old.size() > i && old[i] == header;
    }
    if (was_inside) iteration = before[2 * i + 1] + (block == header ? 1 : 0);
    place.push_back(position_.at(header));
    place.push_back(iteration);
  }
  place.push_back(position_.at(block));
  return place;
}

bool FunctionAnalysis::is_failure(const llvm::BasicBlock* block) {
  for (const llvm::Instruction& instruction : *block) {
    if (auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction)) {
      const llvm::Function* callee = call->getCalledFunction();
      if (callee == nullptr) return false;
      if (callee->getName().contains("assertion_failed") || callee->getName().starts_with("llvm.ubsantrap") || callee->getName() == "llvm.trap")
        continue;
      if (callee->isIntrinsic()) continue;
      return false;
    }
    if (llvm::isa<llvm::UnreachableInst>(instruction)) return true;
    if (instruction.isTerminator()) return false;
  }
  return false;
}

}  // namespace pith::verify
