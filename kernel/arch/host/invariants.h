// What must hold between any two kernel entries, as the headers of the objects say it.
#pragma once
#include <string>

namespace pith::host {

/// Walks everything. Empty, or the first invariant that does not hold.
std::string broken_invariant();

/// The part of it that is about parked contexts: none may wait where its chain of calls could run.
std::string misplaced_context();

}  // namespace pith::host
