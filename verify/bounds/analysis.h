// All entries of a kernel image with their worst cases.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "verify/bounds/facts.h"

namespace pith::bounds {

/// P2: instructions of one kernel entry, besides one cleared frame.
constexpr u64 kMostInstructions = 2'500;
constexpr u64 kMostClears = 1;

struct EntryBound {
  std::string name;
  u64 worst_instructions = 0;
  u64 clears = 0;
  std::optional<u64> measured;
  std::string path;  ///< where the instructions are

  bool is_within() const { return worst_instructions <= kMostInstructions && clears <= kMostClears; }
};

struct LoopReport {
  std::string place;
  u64 bound;
  Proof proof;
};

struct Analysis {
  std::vector<EntryBound> entries;
  std::vector<LoopReport> loops;
  Problems problems;
  usize functions = 0;
};

/// Bounds of the entries that the facts name, and of every operation of the kernel's interface if the image has a dispatcher.
Analysis analyse(Program& program, const Facts& facts);

}  // namespace pith::bounds
