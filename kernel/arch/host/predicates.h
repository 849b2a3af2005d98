// Evaluates the predicates of spec/invariants over the fake machine's state.
#pragma once
#include <string>
#include <vector>

#include "spec/invariants/predicate.h"

namespace pith::host {

/// What a search for a broken predicate looks at.
enum class Thoroughness : u32 {
  WhatIsInUse,  ///< leaves out numbers of entries, slots and lists that are all zero, of which predicates say nothing
  Everything,
};

/// Evaluates the registered predicates for all parameters that are in use. Empty, or the name and arguments of one that does not hold.
std::string broken_predicate();

/// Notes the state that broken_property() compares with.
void take_snapshot();

/// Evaluates the two-state properties. Empty, or the name and arguments of one that does not hold since take_snapshot().
std::string broken_property();

/// All that do not hold, each with the first arguments for which it does not.
std::vector<std::string> broken_predicates(Thoroughness thoroughness = Thoroughness::WhatIsInUse);

}  // namespace pith::host
