// Which entries a module has.
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>

#include "verify/prover/proof.h"

namespace pith::verify {

namespace {

/// Several entries called NAME_of_… prove the operation together.
bool is_in_parts(const llvm::Module& module, llvm::StringRef operation) {
  std::string parts = ("entry_" + operation + "_of_").str();
  return std::any_of(module.begin(), module.end(), [&](const llvm::Function& function) { return function.getName().starts_with(parts); });
}

}  // namespace

std::vector<Entry> entries_of(const llvm::Module& module) {
  std::vector<Entry> entries;
  llvm::DebugInfoFinder finder;
  finder.processModule(module);
  for (const llvm::DIType* type : finder.types()) {
    auto* enumeration = llvm::dyn_cast<llvm::DICompositeType>(type);
    if (enumeration == nullptr || enumeration->getName() != "Operation" || enumeration->getElements().empty()) continue;
    for (const llvm::DINode* element : enumeration->getElements()) {
      auto* enumerator = llvm::dyn_cast<llvm::DIEnumerator>(element);
      if (enumerator == nullptr || enumerator->getName() == "Operation") continue;
      long code = enumerator->getValue().getZExtValue();
      bool known = std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.operation == code; });
      if (!known && !is_in_parts(module, enumerator->getName())) entries.push_back({enumerator->getName().str(), "entry_operation", code});
    }
  }
  for (const llvm::Function& function : module) {
    llvm::StringRef name = function.getName();
    if (function.isDeclaration() || !name.starts_with("entry_") || name == "entry_operation") continue;
    entries.push_back({name.drop_front(6).str(), name.str(), -1});
  }
  return entries;
}

std::string specification_of(const Entry& entry) { return "specified_" + llvm::StringRef(entry.function).drop_front(6).str(); }

bool is_specified(const llvm::Module& module, const Entry& entry) {
  if (module.getFunction(specification_of(entry)) != nullptr) return true;
  const llvm::Function* summary = module.getFunction(entry.name);
  if (summary == nullptr) return false;
  return std::any_of(llvm::inst_begin(summary), llvm::inst_end(summary), [](const llvm::Instruction& instruction) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    return call != nullptr && call->getCalledFunction() != nullptr && call->getCalledFunction()->getName().starts_with("spec_walk_");
  });
}

}  // namespace pith::verify
