// Contracts: what a function of the kernel needs and does, so that it is proved once and not wherever it is called.
#pragma once
#include <llvm/IR/Module.h>

#include <set>
#include <string>

#include "verify/prover/facts.h"

namespace pith::verify {

/// Of the function NAME, read from contract_NAME in verify/contracts/. That does what NAME does to all fields but those that it lists as forgotten or raised,
/// which may have any values afterwards that the invariants which read them allow. Those invariants, and others that it lists, hold when NAME is called.
struct Contract {
  std::string name;
  llvm::Function* function;   ///< NAME
  llvm::Function* summary;    ///< contract_NAME
  std::set<int> forgotten;    ///< leaves
  std::set<int> raised;       ///< leaves of flags that it may set, but not clear
  std::set<std::string> required;  ///< names of invariants that it lists: they hold at the call,
  std::set<std::string> kept;      ///< and these afterwards, too, whatever they read
  std::set<std::string> obeyed;    ///< names of properties: they hold of the state at the call and the state afterwards
  bool keeps_all = false;          ///< all invariants hold at the call and afterwards
  bool parts = false;              ///< a caller's path parts where the summary's does
  bool returns_apart = false;      ///< where it is proved the function's ways do not meet when it returns

  /// The invariant holds afterwards if it did when the function was called.
  bool restores(const Predicate& predicate) const;
  /// It must hold when the function is called.
  bool requires_that(const Predicate& predicate) const { return restores(predicate) || required.count(predicate.name) != 0; }
};

/// The name of a function without its namespaces and parameters.
std::string short_name(const llvm::Function& function);

/// All contracts of a module. Throws when one names no function.
std::vector<Contract> contracts_of(llvm::Module& module, Executor& executor);

}  // namespace pith::verify
