// Proving one entry of the kernel: every path keeps every invariant and every property, and no obligation on the way is open.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "verify/prover/executor.h"

namespace pith::verify {

struct EntryReport {
  std::string name;
  std::string result;  ///< proved, failed or unknown
  long paths = 0;
  long queries = 0;
  long obligations = 0;
  long goals = 0;       ///< predicates that had to be asked of the solver
  long discharged = 0;  ///< those whose formula did not change
  long facts = 0;
  long steps = 0;
  double seconds = 0;
  double longest_query = 0;
  std::vector<Failure> failures;
};

/// An entry: a function of verify/entries.cpp, and the first argument that makes it one operation.
struct Entry {
  std::string name;
  std::string function;
  long operation = -1;  ///< -1: the function has no such argument
};

struct ProofOptions {
  ExecutorOptions executor;
  bool verbose = false;
  std::string dump_folder;
  std::string only_predicate;  ///< empty: all
  bool only_refinement = false;  ///< what is asked is whether the effect is the specification's: the rest is shown of the module without it
  std::string counterexample_folder;  ///< not empty: each failure with a state that shows it is written there as a case for pith-replay
  std::string sample_folder;   ///< not empty: nothing is proved; paths are written there as cases for pith-replay
  unsigned sample_paths = 8;   ///< of each entry at most
  std::map<std::string, std::uint64_t> addresses;  ///< where the program that runs cases has each global; of others an address is anything
  bool only_traps = false;     ///< what is asked is whether a trap can be reached, and nothing else: all else is shown of the module without traps
};

/// All entries of a module: each kernel operation (the enumerators of `Operation` in the debug information), and the other functions called entry_….
std::vector<Entry> entries_of(const llvm::Module& module);

/// The specification says what the entry does: specified_NAME beside entry_NAME, or a walk that a contract names.
bool is_specified(const llvm::Module& module, const Entry& entry);
/// The name of the function of the specification that does what the entry does.
std::string specification_of(const Entry& entry);
/// Entries that prove a contract: entry_contract_NAME calls the function NAME with any arguments that the contract speaks of, or several
/// entry_contract_NAME_of_… together do.
inline constexpr llvm::StringLiteral kContractEntry = "entry_contract_";
inline bool is_contract(const Entry& entry) { return llvm::StringRef(entry.function).starts_with(kContractEntry); }

/// Any state in which an entry may begin, and running it from there: what ends is in `executor.endings`.
State state_at_entry(const Executor& executor);
void execute_entry(Executor& executor, llvm::Module& module, const Entry& entry, State state);

struct Knowledge;
EntryReport prove(Knowledge& knowledge, const Entry& entry);

}  // namespace pith::verify
