// Contracts: read from the bitcode, and in the place of calls.
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

llvm::Function* function_called(llvm::Module& module, const std::string& name) {
  for (llvm::Function& function : module) {
    if (!function.isDeclaration() && short_name(function) == name) return &function;
  }
  throw std::runtime_error("contract_" + name + " stands for no function: there is no " + name);
}

}  // namespace

std::string text_at(const llvm::Value& address) {
  auto* global = llvm::dyn_cast<llvm::GlobalVariable>(address.stripPointerCasts());
  if (global == nullptr || !global->hasInitializer()) throw std::runtime_error("what a contract or a model names is no literal");
  return llvm::cast<llvm::ConstantDataArray>(global->getInitializer())->getAsCString().str();
}

std::string short_name(const llvm::Function& function) {
  std::string name = llvm::demangle(function.getName().str());
  name = name.substr(0, name.find('('));
  std::size_t colon = name.rfind(':');
  return colon == std::string::npos ? name : name.substr(colon + 1);
}

bool Contract::restores(const Predicate& predicate) const {
  // What need not hold in the middle of an operation is not shown there.
  if (!predicate.name.starts_with("invariant_")) return false;
  if (keeps_all || kept.count(predicate.name) != 0) return true;
  return std::any_of(predicate.leaves.begin(), predicate.leaves.end(), [&](int leaf) { return forgotten.count(leaf) + raised.count(leaf) != 0; });
}

namespace {

/// Adds what `summary` lists, and the summaries that it calls.
void collect(llvm::Function& summary, Executor& executor, Contract& contract) {
  for (llvm::Instruction& instruction : llvm::instructions(summary)) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    llvm::Function* callee = call == nullptr ? nullptr : call->getCalledFunction();
    if (callee == nullptr) continue;
    bool is_forgotten = callee->getName() == "verify_forget";
    if (is_forgotten || callee->getName() == "verify_raise") {
      auto* size = llvm::cast<llvm::ConstantInt>(call->getArgOperand(1));
      std::set<int> leaves = executor.leaves_at(call->getArgOperand(0), size->getZExtValue());
      (is_forgotten ? contract.forgotten : contract.raised).insert(leaves.begin(), leaves.end());
    }
    if (callee->getName() == "verify_require") contract.required.insert("invariant_" + text_at(*call->getArgOperand(0)));
    if (callee->getName() == "verify_keep") contract.kept.insert("invariant_" + text_at(*call->getArgOperand(0)));
    if (callee->getName() == "verify_obey") {
      std::string name = text_at(*call->getArgOperand(0)), property = "property_" + name;
      contract.obeyed.insert(summary.getParent()->getFunction(property) != nullptr ? property : "relation_" + name);
    }
    if (callee->getName().starts_with(kPrefix)) collect(*callee, executor, contract);
  }
}

/// The summary itself, not one that it calls, says so.
bool says(llvm::Function& summary, llvm::StringRef what) {
  return std::any_of(llvm::inst_begin(summary), llvm::inst_end(summary), [&](const llvm::Instruction& instruction) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    return call != nullptr && call->getCalledFunction() != nullptr && call->getCalledFunction()->getName() == what;
  });
}

}  // namespace

std::vector<Contract> contracts_of(llvm::Module& module, Executor& executor) {
  std::vector<Contract> contracts;
  for (llvm::Function& summary : module) {
    if (summary.isDeclaration() || !summary.getName().starts_with(kPrefix)) continue;
    std::string name = summary.getName().drop_front(kPrefix.size()).str();
    Contract contract{name, function_called(module, name), &summary, {}, {}, {}, {}, {}};
    collect(summary, executor, contract);
    contract.parts = says(summary, "verify_part");
    contract.returns_apart = says(summary, "verify_return_apart");
    contract.keeps_all = says(summary, "verify_keep_all");
    if (says(summary, "verify_obey_all")) {
      for (const llvm::Function& property : module) {
        if (!property.isDeclaration() && property.getName().starts_with("property_")) contract.obeyed.insert(property.getName().str());
      }
    }
    for (const auto* names : {&contract.required, &contract.kept, &contract.obeyed}) {
      for (const std::string& named : *names) {
        if (module.getFunction(named) == nullptr) throw std::runtime_error("contract_" + name + " names what does not exist: " + named);
      }
    }
    contracts.push_back(std::move(contract));
  }
  return contracts;
}

const Contract* Executor::contract_of(const llvm::Function& function) const {
  auto known = std::find_if(contracts.begin(), contracts.end(), [&](const Contract& contract) { return contract.function == &function; });
  bool is_executed = known == contracts.end() || pure_ || (&*known == proving && !specifies);
  return is_executed ? nullptr : &*known;
}

std::vector<Outcome> Executor::call_by_contract(const Contract& contract, State state, const std::vector<Value>& arguments) {
  if (!specifies) check_call(state, contract);
  Memory before = state.memory;
  summary_ = contract.summary;
  std::vector<Outcome> outcomes = call(std::move(state), *contract.summary, arguments, contract.parts && !specifies ? 0 : kDeep);
  if (specifies) return outcomes;
  for (Outcome& outcome : outcomes) {
    int number = memory.forget(outcome.state.memory, contract.forgotten, contract.raised);
    facts.add_call(number, {before, outcome.state.memory, &contract});
    outcome.state.calls.push_back(number);
    called_[number] = &contract;
  }
  return outcomes;
}

const Memory& Executor::last_shown(const State& state, const Predicate& predicate) const {
  auto last = std::find_if(state.calls.rbegin(), state.calls.rend(), [&](int call) { return called_.at(call)->restores(predicate); });
  return facts.after(last == state.calls.rend() ? Read::kBefore : *last);
}

}  // namespace pith::verify
