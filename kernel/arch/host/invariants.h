// What must hold between any two kernel entries, as the headers of the objects say it.
#pragma once
#include <string>

namespace pith::host {

/// Walks everything. Empty, or the first invariant that does not hold.
std::string broken_invariant();

}  // namespace pith::host
