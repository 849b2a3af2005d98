// What a path that ends badly has run into: the compiler's traps (-fsanitize-trap) by kind, and assertions.
#pragma once
#include <llvm/IR/Instructions.h>

namespace pith::verify {

/// What every obligation that asks for a trap begins with, and only they.
inline constexpr llvm::StringLiteral kUndefinedBehaviour = "undefined behaviour";
inline bool is_trap(llvm::StringRef obligation) { return obligation.starts_with(kUndefinedBehaviour); }

/// The obligation that a call of llvm.trap, llvm.debugtrap or llvm.ubsantrap breaks: for the last with the kind of check that its operand says.
const char* trap_of(const llvm::CallInst& call);

/// The obligation that is broken where this block, which FunctionAnalysis::is_failure() is true of, is reached: that of its trap, or `otherwise`.
const char* failure_of(const llvm::BasicBlock& block, const char* otherwise);

}  // namespace pith::verify
