// Single paths of an entry, from any state: functions are executed themselves, without contracts, and what must hold on the way is taken to
// hold. Run natively they show whether the prover understands the bitcode (verify/replay, decision 19).
#pragma once
#include "verify/prover/proof.h"

namespace pith::verify {

/// The result of a report of which some path was written; its failures are those that were not.
inline constexpr const char* kSampled = "sampled";

/// Writes at most `options.sample_paths` cases to `options.sample_folder`/NAME.case.
EntryReport sample(llvm::Module& module, const Entry& entry, const ProofOptions& options);

}  // namespace pith::verify
