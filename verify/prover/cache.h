// Verdicts kept between runs: each under a digest of everything that it depends on.
#pragma once
#include <optional>
#include <string>

#include "verify/prover/proof.h"

namespace pith::verify {

/// Texts of a module's functions, freed of what does not matter, and their digests by entry.
class Digests {
 public:
  /// `module` is changed: a copy of its own.
  explicit Digests(llvm::Module& module);
  /// Digest of the entry, of every function that it can reach, of all predicates, and of the prover itself.
  std::string of(const Entry& entry, const std::string& options) const;

 private:
  llvm::Module& module_;
  std::string common_;
};

/// A report as lines of text, and back.
std::string serialise(const EntryReport& report);
EntryReport deserialise(const std::string& text);

/// The verdict in `folder` under `digest`, if there is one.
std::optional<EntryReport> cached(const std::string& folder, const std::string& digest);
/// Keeps a verdict. Only proofs are worth keeping: what failed is looked at again.
void keep(const std::string& folder, const std::string& digest, const EntryReport& report);

}  // namespace pith::verify
