// Whole files of the host, read and written at once.
#pragma once
#include <cstdio>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace pith {

/// The content of a file, or nothing where it cannot be read.
inline std::optional<std::vector<u8>> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return {};
  auto size = in.tellg();
  if (size < 0) return {};
  std::vector<u8> bytes(static_cast<usize>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!in) return {};
  return bytes;
}

/// Writes beside the target first and renames, so that nobody ever sees half a file.
inline bool write_file(const std::string& path, std::span<const u8> bytes) {
  std::string unfinished = path + ".new";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out && std::rename(unfinished.c_str(), path.c_str()) == 0) return true;
  std::remove(unfinished.c_str());
  return false;
}

}  // namespace pith
