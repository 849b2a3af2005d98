// Lays out a boot image (abi/boot_image.h): components, their programs, modules, checksum.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tools/manifest/elf_program.h"
#include "tools/manifest/manifest.h"

namespace pith::manifest {

/// What goes into an image: the programs of root and of each component in the manifest's order, and the modules by name.
struct ImageParts {
  Program root;
  std::vector<Program> programs;
  std::map<usize, Program> updates;  ///< by the component's place in the manifest
  std::map<std::string, std::vector<u8>> modules;
};

/// The image of a manifest that was checked.
std::vector<u8> write_image(const Manifest& manifest, const ImageParts& parts);

/// Pages that the segments of all programs take in memory.
u64 program_pages(const ImageParts& parts);

}  // namespace pith::manifest
