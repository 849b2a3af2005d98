// Digests of bitcode, and files with verdicts.
#include "verify/prover/cache.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/ModuleSlotTracker.h>
#include <llvm/Support/SHA256.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace pith::verify {

namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string digest_of(const std::string& text) {
  llvm::SHA256 hash;
  hash.update(text);
  return llvm::toHex(hash.final(), true);
}

void collect(const llvm::Function& function, std::set<const llvm::Function*>& reached) {
  if (!reached.insert(&function).second) return;
  for (const llvm::BasicBlock& block : function) {
    for (const llvm::Instruction& instruction : block) {
      auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (call != nullptr && call->getCalledFunction() != nullptr) collect(*call->getCalledFunction(), reached);
    }
  }
}

std::string texts(llvm::Module& module, const std::set<const llvm::Function*>& functions) {
  std::set<std::string> sorted;
  llvm::ModuleSlotTracker numbers(&module);  // without it each function's text counts the whole module's metadata again
  for (const llvm::Function* function : functions) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    static_cast<const llvm::Value*>(function)->print(stream, numbers);
    sorted.insert(text);
  }
  std::string all;
  for (const std::string& text : sorted) all += text;
  return all;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) result += c == '\n' || c == '\t' ? ' ' : c;
  return result;
}

}  // namespace

Digests::Digests(llvm::Module& module) : module_(module) {
  llvm::StripDebugInfo(module);
  std::set<const llvm::Function*> predicates;
  for (llvm::Function& function : module) {
    function.setAttributes({});
    for (llvm::BasicBlock& block : function) {
      for (llvm::Instruction& instruction : block) {
        instruction.dropUnknownNonDebugMetadata();
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction)) call->setAttributes({});
      }
    }
    llvm::StringRef name = function.getName();
    bool is_taken = name.contains("invariant_");
    for (const char* prefix : {"property_", "relation_", "lemma_", "contract_", "machine_", "refinement_", "meaning_", "given_"}) is_taken = is_taken || name.starts_with(prefix);
    if (!function.isDeclaration() && is_taken) collect(function, predicates);
  }
  common_ = file_text("/proc/self/exe") + texts(module_, predicates);
  for (const llvm::StructType* type : module.getIdentifiedStructTypes()) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    type->print(stream);
    common_ += text;
  }
  for (const llvm::GlobalVariable& global : module.globals()) {
    std::string text;
    llvm::raw_string_ostream(text) << global;
    common_ += text;
  }
  common_ = digest_of(common_);
}

std::string Digests::of(const Entry& entry, const std::string& options) const {
  std::set<const llvm::Function*> reached;
  if (const llvm::Function* function = module_.getFunction(entry.function)) collect(*function, reached);
  if (const llvm::Function* function = module_.getFunction(specification_of(entry))) collect(*function, reached);
  return digest_of(common_ + options + entry.name + std::to_string(entry.operation) + texts(module_, reached));
}

std::string serialise(const EntryReport& report) {
  std::ostringstream text;
  text << report.name << '\n' << report.result << '\n' << report.paths << ' ' << report.queries << ' ' << report.obligations << ' ' << report.goals << ' '
       << report.discharged << ' ' << report.facts << ' ' << report.steps << ' ' << report.seconds << ' ' << report.longest_query << '\n';
  for (const Failure& failure : report.failures) {
    text << escaped(failure.obligation) << '\t' << escaped(failure.where) << '\t' << escaped(failure.example) << '\t' << failure.is_unknown << '\t'
         << escaped(failure.counterexample) << '\n';
  }
  return text.str();
}

EntryReport deserialise(const std::string& text) {
  EntryReport report;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, report.name);
  std::getline(lines, report.result);
  std::getline(lines, line);
  std::istringstream(line) >> report.paths >> report.queries >> report.obligations >> report.goals >> report.discharged >> report.facts >> report.steps >>
      report.seconds >> report.longest_query;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    Failure failure;
    std::string unknown;
    std::getline(fields, failure.obligation, '\t');
    std::getline(fields, failure.where, '\t');
    std::getline(fields, failure.example, '\t');
    std::getline(fields, unknown, '\t');
    failure.is_unknown = unknown == "1";
    std::getline(fields, failure.counterexample, '\t');
    report.failures.push_back(failure);
  }
  return report;
}

std::optional<EntryReport> cached(const std::string& folder, const std::string& digest) {
  std::string path = folder + "/" + digest;
  if (folder.empty() || !std::filesystem::exists(path)) return {};
  return deserialise(file_text(path));
}

void keep(const std::string& folder, const std::string& digest, const EntryReport& report) {
  if (folder.empty() || report.result != "proved") return;
  std::filesystem::create_directories(folder);
  // Written aside and renamed, so that a run that is broken off leaves no half verdict.
  std::ofstream(folder + "/" + digest + ".new") << serialise(report);
  std::filesystem::rename(folder + "/" + digest + ".new", folder + "/" + digest);
}

}  // namespace pith::verify
