// From an entry function to a verdict.
#include "verify/prover/proof.h"

#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>

#include <algorithm>
#include <iostream>

namespace pith::verify {

namespace {

/// Functions at which an entry's proof stops because finishing the entry is proved on its own.
constexpr const char* kCuts[] = {"_ZN4pith12finish_entryERNS_3CpuEm", "_ZN4pith11system_callERNS_6ThreadE", "slow_call", "noted_call"};
/// Entries that begin after an operation and before the choice of who runs next: what holds only when the kernel is left is proved, not assumed.
constexpr const char* kAfterOperation[] = {"entry_schedule"};

class Proof {
 public:
  Proof(llvm::Module& module, const Entry& entry, const ProofOptions& options)
      : module_(module), entry_(entry), options_(options), executor_(module, options.executor) {
    is_after_operation_ = std::find(std::begin(kAfterOperation), std::end(kAfterOperation), entry.function) != std::end(kAfterOperation);
  }

  EntryReport run() {
    double begin = processor_seconds();
    report_.name = entry_.name;
    try {
      learn();
      execute();
      check_endings();
    } catch (const StoppedAtFailure&) {
      // The report says which.
    } catch (const std::exception& problem) {
      executor_.fail(problem.what(), nullptr, "", true);
    }
    report_.paths = long(executor_.endings.size());
    report_.queries = executor_.solver.statistics.queries;
    report_.longest_query = executor_.solver.statistics.longest;
    report_.obligations = executor_.obligations;
    report_.facts = executor_.facts.count();
    report_.steps = executor_.steps;
    report_.seconds = processor_seconds() - begin;
    report_.failures = executor_.failures;
    bool is_unknown = std::any_of(report_.failures.begin(), report_.failures.end(), [](const Failure& f) { return f.is_unknown; });
    report_.result = report_.failures.empty() ? "proved" : is_unknown ? "unknown" : "failed";
    return report_;
  }

 private:
  void learn() {
    executor_.solver.dump_folder = options_.dump_folder;
    executor_.solver.is_verbose = options_.verbose;
    for (llvm::Function& function : module_) {
      if (function.isDeclaration()) continue;
      bool is_assumed = function.getName().starts_with("invariant_") || function.getName().starts_with("lemma_");
      if (is_assumed) executor_.facts.add(function);
      if (function.getName().starts_with("exit_invariant_")) {
        if (is_after_operation_)
          exits_.push_back(executor_.facts.learn(function));
        else
          executor_.facts.add(function);
      }
      if (function.getName().starts_with("property_")) properties_.push_back(executor_.facts.learn(function));
    }
  }

  void execute() {
    if (entry_.function != "entry_operation") executor_.cuts.insert(std::begin(kCuts), std::end(kCuts));
    executor_.cuts.insert(kCuts[0]);
    llvm::Function* function = module_.getFunction(entry_.function);
    if (function == nullptr) throw std::runtime_error("there is no function " + entry_.function);
    std::vector<Value> arguments;
    for (llvm::Argument& argument : function->args()) {
      unsigned width = argument.getType()->getIntegerBitWidth();
      bool is_operation = argument.getArgNo() == 0 && entry_.operation >= 0;
      std::string name = argument.hasName() ? argument.getName().str() : "argument" + std::to_string(argument.getArgNo());
      Expression value = is_operation ? bits(std::uint64_t(entry_.operation), width) : solver_context().bv_const(name.c_str(), width);
      arguments.push_back(Value::of(value));
      if (!is_operation) executor_.named.push_back({name, value});
    }
    executor_.named.push_back({"cpu", executor_.this_cpu});
    State state;
    state.path.push_back(z3::ult(executor_.this_cpu, bits(64, 64)));
    executor_.run_entry(*function, arguments, std::move(state));
  }

  void check_endings() {
    long feasible = 0;
    for (Ending& ending : executor_.endings) {
      if (!executor_.is_feasible(ending.state, truth(true), nullptr)) continue;
      feasible++;
      std::vector<int> touched = executor_.memory.touched(ending.state.memory);
      bool leaves = ending.leaves || is_after_operation_;
      for (const Predicate& predicate : executor_.facts.predicates()) {
        // Lemmas follow from what counts count; they are assumed, and checked by the host tests.
        if (predicate.name.starts_with("lemma_")) continue;
        if (leaves || !predicate.name.starts_with("exit_")) prove_predicate(ending, predicate, touched, true);
      }
      for (const Predicate& predicate : exits_) prove_predicate(ending, predicate, touched, false);
      for (const Predicate& predicate : properties_) prove_predicate(ending, predicate, touched, false);
    }
    // The invariants take part: an entry of which only paths are left that they rule out would be proved of nothing.
    bool is_possible = std::any_of(executor_.endings.begin(), executor_.endings.end(), [&](Ending& ending) { return !executor_.is_ruled_out(ending.state); });
    if (feasible == 0 || !is_possible) executor_.fail("no path is feasible: the assumptions contradict each other", nullptr, "", false);
  }

  bool is_touched(const Predicate& predicate, const std::vector<int>& touched) {
    return std::any_of(touched.begin(), touched.end(), [&](int leaf) {
      if (leaf >= 0) return predicate.leaves.count(leaf) != 0;
      return std::any_of(predicate.leaves.begin(), predicate.leaves.end(), [&](int own) { return executor_.memory.leaf(own).object == ~leaf; });
    });
  }

  void prove_predicate(const Ending& ending, const Predicate& predicate, const std::vector<int>& touched, bool is_invariant) {
    if (!options_.only_predicate.empty() && predicate.name != options_.only_predicate) return;
    if (!is_touched(predicate, touched)) {
      report_.discharged++;
      return;
    }
    State state = ending.state;
    std::vector<Value> arguments;
    std::vector<Expression> witnesses;
    for (llvm::Argument& argument : predicate.function->args()) {
      std::string name = "any" + std::to_string(argument.getArgNo());
      witnesses.push_back(solver_context().bv_const(name.c_str(), argument.getType()->getIntegerBitWidth()));
      arguments.push_back(Value::of(witnesses.back()));
    }
    std::vector<Read> reads;
    Memory before;
    Expression goal = executor_.evaluate(*predicate.function, arguments, state.memory, &before, &reads);
    if (goal.is_true()) {
      report_.discharged++;
      return;
    }
    for (const Read& read : reads) state.reads.insert(executor_.facts.number_of(read));
    if (is_invariant && is_same(goal, executor_.evaluate(*predicate.function, arguments, before, nullptr, nullptr))) {
      report_.discharged++;
      return;
    }
    report_.goals++;
    executor_.solver.subject = predicate.name;
    Answer answer = executor_.refute(state, negate(goal));
    if (answer == Answer::Impossible) return;
    std::string example = executor_.example();
    for (std::size_t i = 0; i < witnesses.size(); i++) example += " any" + std::to_string(i) + "=" + executor_.solver.value_of(witnesses[i]);
    executor_.fail(predicate.name, nullptr, example + " at " + ending.where, answer == Answer::Unknown);
  }

  llvm::Module& module_;
  const Entry& entry_;
  const ProofOptions& options_;
  Executor executor_;
  std::vector<Predicate> properties_, exits_;
  bool is_after_operation_;
  EntryReport report_;
};

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
      if (!known) entries.push_back({enumerator->getName().str(), "entry_operation", code});
    }
  }
  for (const llvm::Function& function : module) {
    llvm::StringRef name = function.getName();
    if (function.isDeclaration() || !name.starts_with("entry_") || name == "entry_operation") continue;
    entries.push_back({name.drop_front(6).str(), name.str(), -1});
  }
  return entries;
}

EntryReport prove(llvm::Module& module, const Entry& entry, const ProofOptions& options) { return Proof(module, entry, options).run(); }

}  // namespace pith::verify
