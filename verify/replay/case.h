// A case: one path of an entry with a state to begin in, and what the prover says of how it ends. Written by verify/prover/case.cpp.
#pragma once
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "verify/replay/interface.h"

namespace pith::replay {

/// A field of at most eight bytes in one of the module's objects.
struct Cell {
  const ReplayObject* object;
  std::uint64_t offset;
  unsigned size;
  std::uint64_t value;
  std::string label;
};

/// A predicate of the kernel's invariants, with arguments.
struct Question {
  std::string predicate;
  std::vector<std::uint64_t> arguments;
};

struct Case {
  std::string name;
  std::string function;
  std::vector<std::uint64_t> arguments;
  std::uint64_t own_cpu = 0;
  std::vector<std::string> cuts;                     ///< functions at which it ends
  std::vector<Cell> before;                          ///< later ones go over earlier ones
  std::vector<std::uint64_t> answers;                ///< of devices and the machine, in the order in which they are asked
  std::string end;                                   ///< where the prover says that it ends; empty: it does not say
  std::vector<std::optional<std::uint64_t>> passed;  ///< what is then passed on; absent: anything
  std::optional<std::uint64_t> returned;
  std::vector<std::uint64_t> cleared;  ///< frames
  std::vector<Cell> after;
  std::string obligation;          ///< what the prover says is broken on the way; empty: nothing
  std::optional<Question> broken;  ///< or what is false at the end

  bool is_counterexample() const { return broken.has_value() || !obligation.empty(); }
};

/// The object of this name; null: the module has none, because no entry reaches it.
const ReplayObject* object_named(const std::string& name);

/// The next case, if there is another one. Throws std::runtime_error on what it does not understand.
std::optional<Case> read_case(std::istream& text);

}  // namespace pith::replay
