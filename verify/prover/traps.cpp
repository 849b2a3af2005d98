// The kinds of undefined behaviour that a trap's operand tells apart.
#include "verify/prover/traps.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

namespace pith::verify {

const char* trap_of(const llvm::CallInst& call) {
  if (call.getIntrinsicID() != llvm::Intrinsic::ubsantrap) return "undefined behaviour (trap reached)";
  // Numbers of clang's SanitizerHandler (clang/lib/CodeGen/SanitizerHandler.h of LLVM 19), for the checks that the kernel is built with.
  switch (llvm::cast<llvm::ConstantInt>(call.getArgOperand(0))->getZExtValue()) {
    case 0: return "undefined behaviour: signed addition overflows";
    case 1: return "undefined behaviour: what cannot be reached is reached";
    case 3: return "undefined behaviour: division by zero or with overflow";
    case 10: return "undefined behaviour: a value that its type does not have";
    case 11: return "undefined behaviour: end of a function without its result";
    case 12: return "undefined behaviour: signed multiplication overflows";
    case 13: return "undefined behaviour: negation overflows";
    case 18: return "undefined behaviour: index outside an array";
    case 20: return "undefined behaviour: shift by too much";
    case 21: return "undefined behaviour: signed subtraction overflows";
    default: return "undefined behaviour: a check of another kind";
  }
}

const char* failure_of(const llvm::BasicBlock& block, const char* otherwise) {
  for (const llvm::Instruction& instruction : block) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (call == nullptr) continue;
    llvm::Intrinsic::ID id = call->getIntrinsicID();
    if (id == llvm::Intrinsic::ubsantrap || id == llvm::Intrinsic::trap) return trap_of(*call);
    // Behind a call that does not return there is a trap as well, which only that call's return would reach.
    if (id == llvm::Intrinsic::not_intrinsic) return otherwise;
  }
  return otherwise;
}

}  // namespace pith::verify
