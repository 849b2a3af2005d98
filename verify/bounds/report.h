// What pith-bounds prints: the table for people, JSON for programs, a page for the documentation.
#pragma once
#include "verify/bounds/analysis.h"

namespace pith::bounds {

std::string table_text(const Analysis& analysis);
std::string json_text(const Analysis& analysis);
std::string page_text(const Analysis& analysis);

/// Puts measured lengths (lines `longest NAME INSTRUCTIONS` among others) beside the bounds; a longer one than its bound is a problem.
void add_measurements(Analysis& analysis, const std::string& text);

}  // namespace pith::bounds
