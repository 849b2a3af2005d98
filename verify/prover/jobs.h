// Proofs in processes of their own, several at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "verify/prover/proof.h"

namespace pith::verify {

struct JobLimits {
  unsigned jobs = 2;
  unsigned seconds = 400;  ///< of processor time for one entry; one that needs more is unknown
  std::uint64_t memory = 0;  ///< bytes of one entry's address space, 0: as much as there is; a question that needs more has no answer
};

/// What is done with an entry.
using EntryWork = std::function<EntryReport(const Entry&)>;

/// Does the work for each entry in a child process with a stack large enough for the solver, and hands over each report as it comes. `started` is
/// called before each.
void run_all(const std::vector<Entry>& entries, const EntryWork& work, const JobLimits& limits, const std::function<void(const Entry&)>& started,
             const std::function<void(const EntryReport&)>& finished);

}  // namespace pith::verify
