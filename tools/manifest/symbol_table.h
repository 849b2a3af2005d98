// The module `symbols`: functions of every component as text, so that crash records can name them.
#pragma once
#include <string>

#include "tools/manifest/image_writer.h"

namespace pith::manifest {

/// One line `component NAME` for each component, root first, then its functions by rising address as `ADDRESS SIZE NAME` (hexadecimal
/// numbers, names as in the source), with a line end after each.
std::string symbol_table(const Manifest& manifest, const ImageParts& parts);

}  // namespace pith::manifest
