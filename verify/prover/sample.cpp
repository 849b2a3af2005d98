// Walks, each from the entry's beginning, and a state for each that the solver makes up.
#include "verify/prover/sample.h"

#include <llvm/ADT/Hashing.h>

#include <fstream>
#include <stdexcept>

#include "verify/prover/case.h"

namespace pith::verify {

namespace {

/// Steps that the solver may spend on a state.
constexpr unsigned kSteps = 1'500'000;
/// Walks in the place of each path that is wanted: some end where another one did.
constexpr unsigned kTries = 2;
/// No walk is begun after so much processor time for each path that is wanted, and as much once more,
constexpr double kMostSeconds = 1;
/// and none is longer.
constexpr long kMostSteps = 20'000;
/// How deep calls are nested that are followed on one way only; deeper, paths meet. Each depth makes other choices between states.
constexpr unsigned kSplitDepths[] = {8, 2, 1};

class Sampler {
 public:
  Sampler(llvm::Module& module, const Entry& entry, const ProofOptions& options)
      : module_(module), entry_(entry), options_(options), walk_(seed()), text_(options.sample_folder + "/" + entry.name + ".case") {}

  EntryReport run() {
    double begin = processor_seconds();
    EntryReport report;
    report.name = entry_.name;
    for (unsigned round = 0; round < kTries * options_.sample_paths && report.paths < long(options_.sample_paths); round++) {
      if (processor_seconds() - begin > kMostSeconds * (options_.sample_paths + 1)) break;
      // What went wrong on one way says nothing of the others: it is not compared, and that is said.
      try {
        report.paths += walk(kSplitDepths[round % std::size(kSplitDepths)], report);
      } catch (const std::exception& problem) {
        report.failures.push_back({problem.what(), "", "", true});
      }
    }
    report.seconds = processor_seconds() - begin;
    report.result = report.paths > 0 ? kSampled : "unknown";
    return report;
  }

 private:
  /// The same from run to run.
  std::uint64_t seed() const {
    std::uint64_t seed = 14695981039346656037u;
    for (char c : entry_.name) seed = (seed ^ std::uint64_t(static_cast<unsigned char>(c))) * 1099511628211u;
    return seed;
  }

  long walk(unsigned split_depth, EntryReport& report) {
    ExecutorOptions chosen = options_.executor;
    chosen.only_obligation = "none";
    chosen.split_depth = split_depth;
    chosen.most_steps = kMostSteps;
    Executor executor(module_, chosen);
    executor.walk = &walk_;
    walk_.begin();
    execute_entry(executor, module_, entry_, state_at_entry(executor));
    report.steps += executor.steps;
    report.queries += executor.solver.statistics.queries;
    if (!known_.insert(walk_.signature()).second) return 0;
    if (executor.endings.empty()) throw std::runtime_error("no way out");
    if (!executor.failures.empty()) throw std::runtime_error(executor.failures.front().obligation);
    Ending& ending = executor.endings.front();
    CaseWriter writer(text_, executor, state_for(ending.state));
    writer.begin(entry_.name + "#" + std::to_string(report.paths), entry_.function, ending.state);
    writer.end_at(ending);
    writer.finish();
    text_.flush();
    return 1;
  }

  /// Values for all that the path read, as arbitrary as they may be: the solver likes zeros, which hide mistakes.
  z3::model state_for(const State& state) {
    z3::solver solver(solver_context(), z3::solver::simple());
    z3::params parameters(solver_context());
    parameters.set("rlimit", kSteps);
    parameters.set("phase_selection", 5u);
    parameters.set("random_seed", unsigned(walk_.signature() & 0xffffff));
    solver.set(parameters);
    for (const Expression& condition : state.path) solver.add(condition);
    for (const auto& [name, address] : options_.addresses) solver.add(solver_context().bv_const(("address." + name).c_str(), 64) == bits(address, 64));
    if (solver.check() != z3::sat) throw std::runtime_error("the solver finds no state");
    return solver.get_model();
  }

  llvm::Module& module_;
  const Entry& entry_;
  const ProofOptions& options_;
  Walk walk_;
  std::ofstream text_;
  std::set<std::uint64_t> known_;  ///< signatures of paths
};

}  // namespace

EntryReport sample(llvm::Module& module, const Entry& entry, const ProofOptions& options) { return Sampler(module, entry, options).run(); }

}  // namespace pith::verify
