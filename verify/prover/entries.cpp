// Which entries a module has.
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>
#include <stdexcept>

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

State state_at_entry(const Executor& executor) {
  State state;
  state.path.push_back(z3::ult(executor.this_cpu, bits(64, 64)));
  return state;
}

void execute_entry(Executor& executor, llvm::Module& module, const Entry& entry, State state) {
  // A system call is executed, or one of several entries that prove an operation together.
  bool is_operation = entry.function == "entry_operation" || (!is_contract(entry) && entry.name.find("_of_") != std::string::npos);
  if (!is_operation) executor.cuts.insert(std::begin(kCuts), std::end(kCuts));
  executor.cuts.emplace(kCuts[0]);
  llvm::Function* function = module.getFunction(entry.function);
  if (function == nullptr) throw std::runtime_error("there is no function " + entry.function);
  std::vector<Value> arguments;
  for (llvm::Argument& argument : function->args()) {
    unsigned width = argument.getType()->getIntegerBitWidth();
    bool is_fixed = argument.getArgNo() == 0 && entry.operation >= 0;
    std::string name = argument.hasName() ? argument.getName().str() : "argument" + std::to_string(argument.getArgNo());
    Expression value = is_fixed ? bits(std::uint64_t(entry.operation), width) : solver_context().bv_const(name.c_str(), width);
    arguments.push_back(Value::of(value));
    if (!is_fixed) executor.named.push_back({name, value});
  }
  executor.named.push_back({"cpu", executor.this_cpu});
  executor.arguments = arguments;
  executor.run_entry(*function, arguments, std::move(state));
}

}  // namespace pith::verify
