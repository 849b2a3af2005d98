// Reading contracts from the bitcode.
#include "verify/prover/contract.h"

#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>
#include <stdexcept>

#include "verify/prover/executor.h"

namespace pith::verify {

namespace {

constexpr llvm::StringRef kPrefix = "contract_";

/// The name of a function without its namespaces and parameters.
std::string short_name(const llvm::Function& function) {
  std::string name = llvm::demangle(function.getName().str());
  name = name.substr(0, name.find('('));
  std::size_t colon = name.rfind(':');
  return colon == std::string::npos ? name : name.substr(colon + 1);
}

llvm::Function* function_called(llvm::Module& module, const std::string& name) {
  for (llvm::Function& function : module) {
    if (!function.isDeclaration() && short_name(function) == name) return &function;
  }
  throw std::runtime_error("contract_" + name + " stands for no function: there is no " + name);
}

std::string text_at(const llvm::Value& address) {
  auto* global = llvm::dyn_cast<llvm::GlobalVariable>(address.stripPointerCasts());
  if (global == nullptr || !global->hasInitializer()) throw std::runtime_error("a contract requires an invariant whose name is no literal");
  return llvm::cast<llvm::ConstantDataArray>(global->getInitializer())->getAsCString().str();
}

}  // namespace

bool Contract::restores(const Predicate& predicate) const {
  // What need not hold in the middle of an operation is not shown there.
  if (!predicate.name.starts_with("invariant_")) return false;
  return std::any_of(predicate.leaves.begin(), predicate.leaves.end(), [&](int leaf) { return forgotten.count(leaf) + raised.count(leaf) != 0; });
}

std::vector<Contract> contracts_of(llvm::Module& module, Executor& executor) {
  std::vector<Contract> contracts;
  for (llvm::Function& summary : module) {
    if (summary.isDeclaration() || !summary.getName().starts_with(kPrefix)) continue;
    std::string name = summary.getName().drop_front(kPrefix.size()).str();
    Contract contract{name, function_called(module, name), &summary, {}, {}, {}};
    for (llvm::Instruction& instruction : llvm::instructions(summary)) {
      auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      llvm::Function* callee = call == nullptr ? nullptr : call->getCalledFunction();
      bool is_forgotten = callee != nullptr && callee->getName() == "verify_forget";
      if (is_forgotten || (callee != nullptr && callee->getName() == "verify_raise")) {
        auto* size = llvm::cast<llvm::ConstantInt>(call->getArgOperand(1));
        std::set<int> leaves = executor.leaves_at(call->getArgOperand(0), size->getZExtValue());
        (is_forgotten ? contract.forgotten : contract.raised).insert(leaves.begin(), leaves.end());
      }
      if (callee != nullptr && callee->getName() == "verify_require") contract.required.insert("invariant_" + text_at(*call->getArgOperand(0)));
    }
    for (const std::string& required : contract.required) {
      if (module.getFunction(required) == nullptr) throw std::runtime_error("contract_" + name + " requires what does not exist: " + required);
    }
    contracts.push_back(std::move(contract));
  }
  return contracts;
}

}  // namespace pith::verify
