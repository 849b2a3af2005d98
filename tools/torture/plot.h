// A picture of a run: each fault at its time as a mark as high as its service was away, and how often that took how long.
#pragma once
#include <string>

#include "tools/torture/options.h"
#include "tools/torture/results.h"

namespace pith::torture {

/// SVG.
std::string plot(const Options& options, const Results& results);

}  // namespace pith::torture
