// Runs a case's entry natively: what the module asks of the machine is answered from the case, and every way in which it can end is caught.
#pragma once
#include <string>
#include <vector>

#include "verify/replay/memory.h"

namespace pith::replay {

/// How a run ended.
struct Ran {
  std::string end;                    ///< `return`, a way out or a function where another proof starts, `failed`, or `lost` where the case says nothing of how it goes on
  std::string failure;                ///< failed or lost: how
  std::vector<std::uint64_t> passed;  ///< to where it ended
  std::uint64_t returned = 0;
  std::size_t answers = 0;  ///< how many were asked for
};

Ran run(const Case& one, Memory& memory);

/// A predicate's value now; absent: it could not be computed.
std::optional<bool> holds(const Question& question, const Case& one, Memory& memory);

}  // namespace pith::replay
