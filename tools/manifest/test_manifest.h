// Helpers of the manifest tests: a small manifest that is right, and what is wrong with a changed one.
#pragma once
#include <string>

#include "tools/manifest/checker.h"
#include "tools/manifest/reader.h"

namespace pith::manifest {

/// A [system] table of 64 MiB, in lines 1 to 3.
inline const std::string kSystem = "[system]\nname = \"test\"\nmemory = \"64 MiB\"\n";

/// A [[component]] of five lines: header, name, and the given keys.
inline std::string component(const std::string& name, const std::string& keys = "") {
  return "[[component]]\nname = \"" + name + "\"\n" + keys + "\n";
}

/// Everything that is wrong with the manifest, as it is printed.
inline std::string complaints(const std::string& source) {
  Problems problems("m.toml");
  Manifest manifest = read_manifest(source, problems);
  if (problems.is_empty()) check_manifest(manifest, problems);
  if (problems.is_empty()) check_memory(manifest, 0, 0, problems);
  std::ostringstream out;
  out << problems;
  return out.str();
}

}  // namespace pith::manifest
