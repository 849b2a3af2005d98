// Table, JSON and page.
#include "verify/bounds/report.h"

#include <llvm/Support/FormatVariadic.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace pith::bounds {

namespace {

std::string measured_text(const EntryBound& entry, const char* otherwise) {
  return entry.measured ? std::to_string(*entry.measured) : otherwise;
}

const char* source_of(Proof proof) {
  switch (proof) {
    case Proof::Derived:
      return "read from the machine code";
    case Proof::Annotated:
      return "noted in verify/bounds/loops.txt";
    case Proof::Lock:
      return "waits for the kernel lock";
    case Proof::None:
      return "none";
  }
  return "";
}

}  // namespace

std::string table_text(const Analysis& analysis) {
  std::string text = llvm::formatv("{0,-34} {1,12} {2,6} {3,9}\n", "entry", "instructions", "clears", "measured").str();
  for (const EntryBound& entry : analysis.entries) {
    text += llvm::formatv("{0,-34} {1,12} {2,6} {3,9}{4}\n", entry.name, entry.worst_instructions, entry.clears, measured_text(entry, "-"),
                          entry.is_within() ? "" : "  TOO LONG")
                .str();
  }
  return text;
}

std::string json_text(const Analysis& analysis) {
  std::string text = "{\"arch\": \"x86_64\", \"entries\": [";
  for (const EntryBound& entry : analysis.entries) {
    if (&entry != &analysis.entries.front()) text += ", ";
    text += llvm::formatv("{{\"name\": \"{0}\", \"worst_instructions\": {1}, \"clears\": {2}, \"measured\": {3}", entry.name,
                          entry.worst_instructions, entry.clears, measured_text(entry, "null"))
                .str() +
            "}";
  }
  return text + "]}\n";
}

std::string page_text(const Analysis& analysis) {
  std::string text = llvm::formatv(
                         "# Longest kernel entries\n\nComputed by `./pith verify --bounds` from the machine code of the kernel (x86-64): "
                         "{0} functions. At most {1} instructions\n"
                         "and {2} cleared frame are allowed. `measured` is the longest seen under the instruction counter.\n\n"
                         "| entry | instructions | clears | measured |\n|---|---:|---:|---:|\n",
                         analysis.functions, kMostInstructions, kMostClears)
                         .str();
  for (const EntryBound& entry : analysis.entries)
    text +=
        llvm::formatv("| {0} | {1} | {2} | {3} |\n", entry.name, entry.worst_instructions, entry.clears, measured_text(entry, "")).str();
  text += "\n## Loops\n\n| loop | rounds | bound |\n|---|---:|---|\n";
  for (const LoopReport& loop : analysis.loops)
    text += llvm::formatv("| `{0}` | {1} | {2} |\n", loop.place, loop.bound, source_of(loop.proof)).str();
  return text;
}

void add_measurements(Analysis& analysis, const std::string& text) {
  std::map<std::string, u64> longest;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string keyword, name;
    u64 instructions = 0;
    if (!(words >> keyword >> name >> instructions) || keyword != "longest") continue;
    longest[name] = std::max(longest[name], instructions);
  }
  for (EntryBound& entry : analysis.entries) {
    auto found = longest.find(entry.name);
    if (found == longest.end()) continue;
    entry.measured = found->second;
    // The instruction counter counts a clear word by word.
    u64 bound = entry.worst_instructions + entry.clears * kFrameWords;
    if (found->second > bound)
      analysis.problems.push_back(
          llvm::formatv("entry {0}: {1} instructions were measured, {2} computed", entry.name, found->second, bound).str());
  }
}

}  // namespace pith::bounds
