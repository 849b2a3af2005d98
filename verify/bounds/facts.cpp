// Reading and checking the notes.
#include "verify/bounds/facts.h"

#include <llvm/Support/FormatVariadic.h>

#include <algorithm>
#include <sstream>

namespace pith::bounds {

namespace {

std::string trimmed(const std::string& text) {
  auto first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) result.push_back(trimmed(part));
  return result;
}

/// The text up to a word, and the rest after it; without the word everything is before it.
std::pair<std::string, std::string> split(const std::string& text, const std::string& word) {
  auto found = text.find(word);
  if (found == std::string::npos) return {trimmed(text), ""};
  return {trimmed(text.substr(0, found)), trimmed(text.substr(found + word.size()))};
}

/// The reason stands after `: `, which no name contains.
std::pair<std::string, std::string> split_reason(const std::string& text) { return split(text, ": "); }

bool read_line(Facts& facts, const std::string& line) {
  auto [kind, rest] = split(line, " ");
  if (kind == "bug") {
    facts.bugs.push_back(rest);
    return !rest.empty();
  }
  if (kind == "stop") {
    facts.stops.push_back(rest);
    return !rest.empty();
  }
  if (kind == "loop") {
    auto [what, reason] = split_reason(rest);
    auto [function, bound] = split(what, " ");
    u64 number = std::strtoull(bound.c_str(), nullptr, 10);
    facts.loops.push_back({function, number, reason});
    return number > 0 && number <= kMostRounds && !reason.empty();
  }
  if (kind == "entry") {
    auto [before, without] = split(rest, " without ");
    auto [start, through] = split(before, " through ");
    auto [name, symbol] = split(start, " from ");
    facts.entries.push_back({name, symbol, list_of(through), list_of(without)});
    return !name.empty() && !symbol.empty();
  }
  if (kind == "at") {
    auto [what, reason] = split_reason(rest);
    auto [before, entries] = split(what, " in ");
    auto [most, count_and_calls] = split(before, " ");
    auto [count, calls] = split(count_and_calls, " ");
    facts.limits.push_back({u32(std::strtoul(count.c_str(), nullptr, 10)), list_of(calls), list_of(entries), reason});
    return most == "most" && !count.empty() && !calls.empty() && !reason.empty();
  }
  return false;
}

}  // namespace

void Facts::read(const std::string& text, const std::string& file, Problems& problems) {
  std::istringstream in(text);
  u32 number = 0;
  for (std::string line; std::getline(in, line);) {
    number++;
    if (line.empty() || line.starts_with("#")) continue;
    if (!read_line(*this, line)) problems.push_back(llvm::formatv("{0}:{1}: not understood: {2}", file, number, line).str());
  }
}

void apply_loop_notes(Graph& graph, const Facts& facts, Problems& problems) {
  std::vector<bool> used(facts.loops.size());
  for (Function* function : graph.callees_first()) {
    std::vector<Loop*> open;
    for (Loop& loop : function->loops) {
      if (loop.proof == Proof::None) open.push_back(&loop);
    }
    std::ranges::sort(open, {}, [&](const Loop* loop) { return function->blocks[loop->header].start(); });
    usize next = 0;
    for (Loop* loop : open) {
      while (next < facts.loops.size() && facts.loops[next].function != function->name) next++;
      if (next == facts.loops.size()) {
        function->is_usable = false;
        problems.push_back(place(graph.program(), function->blocks[loop->header].start()) + ": a loop without a bound");
        continue;
      }
      loop->bound = facts.loops[next].bound;
      loop->proof = Proof::Annotated;
      used[next++] = true;
    }
  }
  for (usize i = 0; i < used.size(); i++) {
    if (!used[i])
      problems.push_back(llvm::formatv("no loop needs the note: loop {0} {1}", facts.loops[i].function, facts.loops[i].bound).str());
  }
}

std::optional<Call> find_call(const Program& program, const std::string& text, Problems& problems) {
  auto arrow = text.find('>');
  std::string caller = arrow == std::string::npos ? "" : text.substr(0, arrow),
              callee = arrow == std::string::npos ? text : text.substr(arrow + 1);
  Call call;
  for (auto [name, address] : {std::pair(&caller, &call.caller), std::pair(&callee, &call.callee)}) {
    if (name->empty()) continue;
    auto found = program.address_of(*name);
    if (!found) {
      problems.push_back("there is no function " + *name);
      return {};
    }
    *address = *found;
  }
  return call;
}

}  // namespace pith::bounds
