// pith-layout: says what a transactional program keeps in its vault, and from what it can migrate.
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Object/ObjectFile.h>

#include "tools/layout/description.h"

namespace pith::layout {

namespace {

constexpr int kRefused = 1, kUsage = 2;
constexpr char kHelp[] =
    R"(usage: pith-layout PROGRAM [-o FILE]

Writes two lines, `keeps HASH LAYOUT` and `migrates HASH LAYOUT`, and then the description that is hashed: the type T of the program's
vault::open_state<T>, and T::Before where it has one. Programs without a vault of that kind have no lines.

Exit status: 0 done, 1 refused (the reason is on standard error), 2 wrong usage.
)";

/// The instance of the function template, wherever the program's debug information has it: its types are those that it is called with.
constexpr char kOpen[] = "open_state<", kMigrate[] = "migrate_state<";

struct Found {
  llvm::DWARFDie keeps, migrates;
};

/// The last type that the template was given: open_state<T>, migrate_state<T, Before>.
llvm::DWARFDie last_type_of(llvm::DWARFDie function) {
  llvm::DWARFDie type;
  for (llvm::DWARFDie child : function.children()) {
    if (child.getTag() == llvm::dwarf::DW_TAG_template_type_parameter)
      type = child.getAttributeValueAsReferencedDie(llvm::dwarf::DW_AT_type);
  }
  return type;
}

Found search(llvm::DWARFContext& context) {
  Found found;
  for (const auto& unit : context.compile_units()) {
    for (const auto& entry : unit->dies()) {
      llvm::DWARFDie die(unit.get(), &entry);
      const char* name = die.getTag() == llvm::dwarf::DW_TAG_subprogram ? die.getShortName() : nullptr;
      if (!name) continue;
      if (strncmp(name, kOpen, sizeof kOpen - 1) == 0 && last_type_of(die)) found.keeps = last_type_of(die);
      if (strncmp(name, kMigrate, sizeof kMigrate - 1) == 0 && last_type_of(die)) found.migrates = last_type_of(die);
    }
  }
  return found;
}

int run(const std::string& path, std::ostream& out) {
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  if (!file) {
    std::cerr << path << ": " << llvm::toString(file.takeError()) << "\n";
    return kRefused;
  }
  auto context = llvm::DWARFContext::create(*file->getBinary());
  Found found = search(*context);
  std::string lines, descriptions, problem;
  auto add = [&](const char* what, llvm::DWARFDie type) {
    if (!type) return;
    std::string description = describe(type, problem);
    std::ostringstream line;
    line << what << " " << std::hex << hash_of(description) << " " << std::dec << constant_of(type, "kLayout") << "\n";
    lines += line.str();
    descriptions += std::string("\n") + what + "\n" + description;
  };
  add("keeps", found.keeps);
  add("migrates", found.migrates);
  if (!problem.empty()) {
    std::cerr << path << ": its vault cannot be kept: " << problem << "\n";
    return kRefused;
  }
  out << lines << descriptions;
  return out.flush() ? 0 : kRefused;
}

}  // namespace

}  // namespace pith::layout

int main(int count, char** words) {
  std::string path, output;
  for (int i = 1; i < count; i++) {
    std::string word = words[i];
    if (word == "--help" || word == "-h") {
      std::cout << pith::layout::kHelp;
      return 0;
    }
    if (word == "-o" && i + 1 < count) {
      output = words[++i];
    } else if (path.empty() && !word.starts_with("-")) {
      path = word;
    } else {
      path.clear();
      break;
    }
  }
  if (path.empty()) {
    std::cerr << pith::layout::kHelp;
    return pith::layout::kUsage;
  }
  if (output.empty()) return pith::layout::run(path, std::cout);
  std::ofstream file(output);
  return pith::layout::run(path, file);
}
