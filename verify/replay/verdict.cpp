// Comparing a run with its case, or looking for the failure that a counterexample foretells.
#include "verify/replay/verdict.h"

namespace pith::replay {

namespace {

void write_before(const Case& one, Memory& memory) {
  for (const Cell& cell : one.before) memory.write(cell);
  memory.begin();
}

std::string end_of(const Ran& ran) { return ran.failure.empty() ? "ends at " + ran.end : "does not end: " + ran.failure; }

std::string entry_of(const Case& one) { return one.name.substr(0, one.name.find('#')); }

}  // namespace

std::vector<std::string> differences_of(const Case& one) {
  // Neither the prover nor the kernel may depend on it.
  Memory memory(Memory::Unread::Anything);
  write_before(one, memory);
  Ran ran = run(one, memory);
  if (!ran.failure.empty()) return {ran.failure};
  if (ran.end != one.end) return {"ends at " + ran.end + ", the prover says at " + one.end};
  std::vector<std::string> found;
  if (ran.answers != one.answers.size()) found.push_back("less is asked of the machine than the prover says");
  for (std::size_t i = 0; i < one.passed.size() && i < ran.passed.size(); i++) {
    if (one.passed[i] && *one.passed[i] != ran.passed[i])
      found.push_back("passes on " + std::to_string(ran.passed[i]) + " as argument " + std::to_string(i) + ", the prover says " +
                      std::to_string(*one.passed[i]));
  }
  if (one.returned && *one.returned != ran.returned)
    found.push_back("returns " + std::to_string(ran.returned) + ", the prover says " + std::to_string(*one.returned));
  for (std::uint64_t frame : one.cleared) memory.expect_clear(frame);
  for (const Cell& cell : one.after) memory.expect(cell);
  std::vector<Cell> known = one.before;
  known.insert(known.end(), one.after.begin(), one.after.end());
  for (std::string& difference : memory.differences(known)) found.push_back(std::move(difference));
  return found;
}

Reproduction reproduce(const Case& one) {
  // A kernel without the bug goes other ways, and finds there what is not in use.
  Memory memory(Memory::Unread::Zeros);
  write_before(one, memory);
  std::optional<bool> was = one.broken ? holds(*one.broken, one, memory) : std::nullopt;
  Ran ran = run(one, memory);
  if (!one.broken) {
    if (ran.end == "failed") return {true, "replayed: " + one.obligation + " in " + entry_of(one) + ": " + ran.failure};
    if (ran.end == "lost") return {false, "not reproduced: " + one.obligation + ": " + entry_of(one) + " " + end_of(ran)};
    // What a contract demands of a field.
    for (const Cell& cell : one.after) {
      if (memory.value_of(cell) == cell.value) continue;
      std::string values = std::to_string(memory.value_of(cell)) + " and not " + std::to_string(cell.value);
      return {true, "replayed: " + one.obligation + ": " + cell.label + " is " + values + " after " + entry_of(one)};
    }
    return {false, "not reproduced: " + one.obligation + ": " + entry_of(one) + " " + end_of(ran)};
  }
  const std::string& name = one.broken->predicate;
  if (!ran.failure.empty()) return {false, "not reproduced: " + name + ": " + entry_of(one) + " " + end_of(ran)};
  std::optional<bool> is = holds(*one.broken, one, memory);
  if (!is) return {false, "not reproduced: " + name + " cannot be computed"};
  if (*is) return {false, "not reproduced: " + name + " is true after " + entry_of(one) + ", which ends at " + ran.end};
  // A predicate over two states is about the step and not about the state before it.
  bool is_of_step = name.starts_with("property_") || name.starts_with("relation_");
  if (!is_of_step && was != true) return {false, "not reproduced: " + name + " is not true before " + entry_of(one)};
  return {true, "replayed: " + name + " is false after " + entry_of(one)};
}

}  // namespace pith::replay
