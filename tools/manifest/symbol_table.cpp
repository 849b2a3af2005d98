// The module `symbols`: functions of every component as text, so that crash records can name them.
#include "tools/manifest/symbol_table.h"

#include <cxxabi.h>

#include <cstdlib>

#include "tools/manifest/problems.h"

namespace pith::manifest {

namespace {

constexpr usize kLongestName = 120;

/// The name as in the source, without parameters, cut where it is very long.
std::string readable(std::string_view symbol) {
  std::string name(symbol);
  int status = 0;
  if (char* demangled = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status); demangled) {
    name = demangled;
    free(demangled);
  }
  if (auto parameters = name.find('('); parameters != std::string::npos && parameters > 0) name.resize(parameters);
  if (name.size() > kLongestName) name.resize(kLongestName);
  for (char& c : name) {
    if (c < ' ') c = '?';
  }
  return name;
}

void append(std::string& table, std::string_view component, const Program& program) {
  table += text("component ", component, "\n");
  for (const ProgramSymbol& symbol : program.symbols) {
    table += text(std::hex, symbol.address, " ", symbol.size, " ", readable(symbol.name), "\n");
  }
}

}  // namespace

std::string symbol_table(const Manifest& manifest, const ImageParts& parts) {
  std::string table;
  append(table, "root", parts.root);
  for (usize i = 0; i < parts.programs.size(); i++) append(table, manifest.components[i].name.value, parts.programs[i]);
  return table;
}

}  // namespace pith::manifest
