// A run in words: a summary for people, JSON for programs, a page for the documentation.
#pragma once
#include <string>

#include "tools/torture/options.h"
#include "tools/torture/results.h"

namespace pith::torture {

/// How the run went, beside what the lines say.
struct Verdict {
  bool has_panicked = false;
  bool is_complete = false;          ///< the torture came to its end, and made every fault
  u64 machines = 1, unfinished = 0;  ///< and how many of them did not come to their end
};

/// Everything is as it must be: each fault that was activated was recovered from, and no result was wrong.
bool is_good(const Results& results, const Verdict& verdict);

std::string summary(const Options& options, const Results& results, const Verdict& verdict);
std::string json(const Options& options, const Results& results, const Verdict& verdict);
/// Markdown. Shows the file `plot` where that is not empty.
std::string page(const Options& options, const Results& results, const Verdict& verdict, const std::string& plot);

}  // namespace pith::torture
