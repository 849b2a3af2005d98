// What a native run says of a case.
#pragma once
#include <string>
#include <vector>

#include "verify/replay/machine.h"

namespace pith::replay {

/// Runs the case; where the kernel does otherwise than the prover says. Once in a process.
std::vector<std::string> differences_of(const Case& one);

/// Whether a counterexample fails natively, too.
struct Reproduction {
  bool is_reproduced;
  std::string text;
};
/// Runs the counterexample. Once in a process.
Reproduction reproduce(const Case& one);

}  // namespace pith::replay
