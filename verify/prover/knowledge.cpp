// Learning a module's predicates, in its own order.
#include "verify/prover/knowledge.h"

#include <algorithm>
#include <exception>

#include "verify/prover/traps.h"

namespace pith::verify {

namespace {

/// The obligation that is none.
constexpr const char* kNothing = "nothing";

/// What a predicate's name begins with.
constexpr llvm::StringRef kKinds[] = {"invariant_", "lemma_", "exit_invariant_", "property_", "relation_"};

ExecutorOptions executor_options(const ProofOptions& options) {
  ExecutorOptions chosen = options.executor;
  if (options.only_traps) chosen.only_obligation = kUndefinedBehaviour;
  if (options.only_refinement) chosen.only_obligation = kNothing;
  return chosen;
}

bool is_predicate(const llvm::Function& function) {
  auto begins = [&](llvm::StringRef kind) { return function.getName().starts_with(kind); };
  return !function.isDeclaration() && std::any_of(std::begin(kKinds), std::end(kKinds), begins);
}

}  // namespace

Knowledge::Knowledge(llvm::Module& module, const ProofOptions& options)
    : module(module), options(options), executor(module, executor_options(options)) {
  executor.solver.dump_folder = options.dump_folder;
  executor.solver.is_verbose = options.verbose;
  try {
    executor.contracts = contracts_of(module, executor);
    for (llvm::Function& function : module) {
      if (is_predicate(function)) predicates.push_back(executor.facts.learn(function));
    }
    if (options.only_refinement) executor.meanings.learn(module);
  } catch (const StoppedAtFailure&) {
    // The executor has noted it.
  } catch (const std::exception& found) {
    problem = found.what();
  }
}

bool Knowledge::is_obeyed(const Predicate& property) const {
  auto obeys = [&](const Contract& contract) { return contract.obeyed.count(property.name) != 0; };
  return std::any_of(executor.contracts.begin(), executor.contracts.end(), obeys);
}

}  // namespace pith::verify
