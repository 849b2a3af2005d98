// The manifest as a picture and as data: who may talk to, drive or stop whom.
#pragma once
#include <ostream>

#include "tools/manifest/manifest.h"

namespace pith::manifest {

/// A graph in the dot language: boxes are components, arrows are authority, dashed arrows faults and control.
void write_dot(const Manifest& manifest, std::ostream& out);

/// Everything the manifest says, defaults filled in, as one JSON object.
void write_json(const Manifest& manifest, std::ostream& out);

}  // namespace pith::manifest
