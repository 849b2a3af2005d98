// Reads one interface file into the model.
#pragma once
#include <string_view>

#include "tools/idl/model.h"

namespace pith::idl {

/// Reads `text`; stops at the first mistake of syntax and reports it.
Interface parse(const std::string& file, std::string_view text, Diagnostics& diagnostics);

}  // namespace pith::idl
