// What people add to the machine code, and what is checked of it: bounds of loops, entries by name, combinations that cannot happen.
#pragma once
#include "verify/bounds/derivation.h"
#include "verify/bounds/longest.h"

namespace pith::bounds {

/// A line `loop FUNCTION BOUND: reason`: the next loop of the function without a bound of its own.
struct LoopNote {
  std::string function;
  u64 bound;
  std::string reason;
};

/// A line `entry NAME from SYMBOL [through CALL,…] [without CALL,…]`. A CALL is FUNCTION, or CALLER>FUNCTION.
struct EntryNote {
  std::string name, start;
  std::vector<std::string> through, without;
};

/// A line `at most N CALL,… [in NAME,…]: reason`.
struct LimitNote {
  u32 most;
  std::vector<std::string> calls, entries;
  std::string reason;
};

struct Facts {
  std::vector<LoopNote> loops;
  std::vector<EntryNote> entries;
  std::vector<LimitNote> limits;
  std::vector<std::string> bugs;   ///< lines `bug FUNCTION`
  std::vector<std::string> stops;  ///< lines `stop FUNCTION`: the machine ends, and with it the entry

  /// Adds the lines of one file.
  void read(const std::string& text, const std::string& file, Problems& problems);
};

/// Gives the noted bounds to loops that have none; complains about loops that remain and notes that fit nowhere.
void apply_loop_notes(Graph& graph, const Facts& facts, Problems& problems);

/// The call that a note means; nothing, and a complaint, if there is no such function.
std::optional<Call> find_call(const Program& program, const std::string& text, Problems& problems);

}  // namespace pith::bounds
