// Whether a manifest means something that can be granted: names, graph, devices, budgets.
#pragma once
#include "tools/manifest/manifest.h"
#include "tools/manifest/problems.h"

namespace pith::manifest {

/// Checks everything that needs no file but the manifest.
void check_manifest(const Manifest& manifest, Problems& problems);

/// Checks that heaps, stacks, vaults, pools, programs (`program_pages`) and the image itself (`image_pages`) fit the system's memory.
void check_memory(const Manifest& manifest, u64 program_pages, u64 image_pages, Problems& problems);

/// Whether a component, program, group or module may be called so; `what` it is.
void check_name(const Name& name, const char* what, Problems& problems);

/// Who waits for whom: what a component calls, and, since its faults are calls too, the fault handler.
std::vector<std::vector<int>> call_graph(const Manifest& manifest);

}  // namespace pith::manifest
