// Reads a manifest's text; what it means is for the checker.
#pragma once
#include <string_view>

#include "tools/manifest/manifest.h"
#include "tools/manifest/problems.h"

namespace pith::manifest {

/// The manifest that `source` spells. Unknown keys and values of a wrong form are problems; the result is of use only where there is none.
Manifest read_manifest(std::string_view source, Problems& problems);

}  // namespace pith::manifest
