// What a module says of the kernel: contracts, invariants, properties, and what the specification's state means. It is the same for all entries, and
// takes as long to learn as a short proof: it is learnt once, before the processes part in which they are proved.
#pragma once
#include <string>
#include <vector>

#include "verify/prover/proof.h"

namespace pith::verify {

struct Knowledge {
  Knowledge(llvm::Module& module, const ProofOptions& options);

  /// Some contract says that its function obeys the property.
  bool is_obeyed(const Predicate& property) const;

  llvm::Module& module;
  const ProofOptions& options;
  Executor executor;  ///< used up by one proof
  std::vector<Predicate> predicates;
  std::string problem;  ///< why nothing can be proved of the module; empty: nothing
};

}  // namespace pith::verify
