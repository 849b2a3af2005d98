// pith-prove: proves the entries of the kernel from its bitcode.
#include <llvm/IR/LLVMContext.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "verify/prover/cache.h"
#include "verify/prover/jobs.h"
#include "verify/prover/knowledge.h"
#include "verify/prover/sample.h"

namespace {

using namespace pith::verify;

constexpr const char* kUsage = R"(usage: pith-prove [OPTION]... MODULE

Proves entries of the kernel: MODULE is bitcode of the kernel, of the entry functions and of the invariants.
  --only NAME       this entry (may be repeated); else all
  --open FILE       names of entries that are not proved yet, one a line with the reason: they are tried only with --only or --all
  --all             tries those of FILE as well
  --jobs N          proofs at a time (default 2)
  --seconds N       processor time for one entry (default 400: a back-stop)
  --cache FOLDER    keeps proofs there and does not repeat them while nothing that they depend on changes
  --json            prints one JSON object
  --worst FILE      longest ways in instructions, NAME NUMBER on each line, for --json
  --seeded TEXT     how many of how many seeded bugs are caught, for --json: "CAUGHT TOTAL"
  --without-traps TEXT  how many of how many entries reach no trap, for --json: "PROVED TOTAL"
  --list            prints the entries
  --verbose         prints each question to the solver
  --predicate NAME  proves only this predicate, or with `none` none
  --obligation NAME asks of what must hold on the way only for what is called so, and with `none` for nothing
  --traps           asks only whether a trap can be reached: MODULE is compiled with -fsanitize-trap, and the rest is shown of another
  --refines         asks only whether what an entry does is what the specification says: MODULE has that as well, and the rest is shown of another
  --first           stops at an entry's first failure
  --split N         calls nested deeper than N make one path of several (default 8)
  --depth N         instances of invariants are followed N times (default 2)
  --counterexamples FOLDER  writes each state that shows a failure there, as a case for pith-replay
  --replay PROGRAM  runs PROGRAM with each such file and prints what it says
  --sample FOLDER   proves nothing: writes single paths of each entry, with states that the solver makes up, for pith-replay
  --paths N         of each entry at most so many (default 8)
  --addresses FILE  where the program that runs them has the kernel's globals, as pith-replay --addresses prints it
  --dump FOLDER     writes each question as an SMT-LIB file
Exit status: 0 all are proved, 1 some are not, 2 wrong usage.
)";

struct Arguments {
  std::string file, cache, open, worst, seeded, without_traps, replay, addresses;
  std::set<std::string> only;
  ProofOptions proof;
  JobLimits limits;
  bool json = false, list = false, all = false;
};

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; i++) {
    std::string word = words[i];
    auto value = [&]() -> std::string { return i + 1 < count ? words[++i] : ""; };
    if (word == "--only") arguments.only.insert(value());
    else if (word == "--open") arguments.open = value();
    else if (word == "--all") arguments.all = true;
    else if (word == "--jobs") arguments.limits.jobs = unsigned(std::max(1, std::atoi(value().c_str())));
    else if (word == "--seconds") arguments.limits.seconds = unsigned(std::max(1, std::atoi(value().c_str())));
    else if (word == "--cache") arguments.cache = value();
    else if (word == "--split") arguments.proof.executor.split_depth = unsigned(std::atoi(value().c_str()));
    else if (word == "--depth") arguments.proof.executor.fact_depth = std::atoi(value().c_str());
    else if (word == "--json") arguments.json = true;
    else if (word == "--worst") arguments.worst = value();
    else if (word == "--seeded") arguments.seeded = value();
    else if (word == "--without-traps") arguments.without_traps = value();
    else if (word == "--list") arguments.list = true;
    else if (word == "--verbose") arguments.proof.verbose = true;
    else if (word == "--predicate") arguments.proof.only_predicate = value();
    else if (word == "--traps") arguments.proof.only_traps = true;
    else if (word == "--refines") arguments.proof.only_refinement = true;
    else if (word == "--first") arguments.proof.executor.stops_at_failure = true;
    else if (word == "--obligation") arguments.proof.executor.only_obligation = value();
    else if (word == "--counterexamples") arguments.proof.counterexample_folder = value();
    else if (word == "--replay") arguments.replay = value();
    else if (word == "--sample") arguments.proof.sample_folder = value();
    else if (word == "--paths") arguments.proof.sample_paths = unsigned(std::max(1, std::atoi(value().c_str())));
    else if (word == "--addresses") arguments.addresses = value();
    else if (word == "--dump") arguments.proof.dump_folder = value();
    else if (word == "--help") return std::cout << kUsage, std::exit(0), false;
    else if (word.starts_with("-") || !arguments.file.empty()) return false;
    else arguments.file = word;
  }
  return !arguments.file.empty();
}

bool read_addresses(const std::string& path, ProofOptions& options) {
  std::ifstream file(path);
  std::string name;
  std::uint64_t address = 0;
  while (file >> name >> address) options.addresses[name] = address;
  return file.eof() && !options.addresses.empty();
}

/// What the program that replays counterexamples says of one.
void print_replay(const std::string& program, const std::string& file) {
  std::FILE* said = popen(("'" + program + "' '" + file + "'").c_str(), "r");
  if (said == nullptr) return;
  for (char line[4096]; std::fgets(line, sizeof line, said) != nullptr;) std::printf("        %s", line);
  pclose(said);
}

void print(const EntryReport& report, bool is_cached, const std::string& replay) {
  std::printf("%-28s %-8s %4ld paths %5ld queries %4ld goals %6.1f s%s\n", report.name.c_str(), report.result.c_str(), report.paths, report.queries,
              report.goals, report.seconds, is_cached ? " (kept)" : "");
  for (const Failure& failure : report.failures) {
    std::printf("    %s%s%s%s\n", failure.is_unknown ? "unknown: " : "", failure.obligation.c_str(), failure.where.empty() ? "" : " at ",
                failure.where.c_str());
    if (!failure.example.empty()) std::printf("        %s\n", failure.example.c_str());
    if (!failure.counterexample.empty() && !replay.empty()) print_replay(replay, failure.counterexample);
  }
  std::fflush(stdout);
}

void print_counts(const std::vector<EntryReport>& reports, long bad, const ProofOptions& options) {
  if (options.sample_folder.empty()) {
    std::printf("%s%zu entries, %ld not proved\n", options.only_traps ? "undefined behaviour: " : options.only_refinement ? "refinement: " : "", reports.size(), bad);
    return;
  }
  std::size_t skipped = 0;
  for (const EntryReport& report : reports) skipped += report.failures.size();
  std::printf("%zu entries, %ld without a path, %zu paths skipped\n", reports.size(), bad, skipped);
}

void print_json(const std::vector<EntryReport>& reports, const Arguments& arguments) {
  std::map<std::string, long> worst;
  std::ifstream file(arguments.worst);
  std::string name;
  for (long count = 0; file >> name >> count;) worst[name] = count;
  std::printf("{\"arch\": \"x86_64\", \"operations\": [");
  for (std::size_t i = 0; i < reports.size(); i++) {
    const EntryReport& report = reports[i];
    auto known = worst.find(report.name);
    std::printf("%s\n  {\"name\": \"%s\", \"result\": \"%s\", \"paths\": %ld, \"queries\": %ld, \"seconds\": %.1f, \"worst_instructions\": %s}",
                i == 0 ? "" : ",", report.name.c_str(), report.result.c_str(), report.paths, report.queries, report.seconds,
                known == worst.end() ? "null" : std::to_string(known->second).c_str());
  }
  long caught = 0, total = 0;
  std::istringstream(arguments.seeded) >> caught >> total;
  std::printf("\n], \"seeded_bugs\": {\"caught\": %ld, \"total\": %ld}", caught, total);
  if (long proved = 0; std::istringstream(arguments.without_traps) >> proved >> total)
    std::printf(", \"undefined_behaviour\": {\"proved\": %ld, \"total\": %ld}", proved, total);
  std::printf("}\n");
}

std::set<std::string> names_in(const std::string& path) {
  std::set<std::string> names;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') names.insert(line.substr(0, line.find(' ')));
  }
  return names;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::cerr << kUsage;
    return 2;
  }
  const ExecutorOptions& executor = arguments.proof.executor;
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  auto module = llvm::parseIRFile(arguments.file, problem, context), copy = llvm::parseIRFile(arguments.file, problem, context);
  if (!module || !copy) {
    problem.print("pith-prove", llvm::errs());
    return 2;
  }
  if (!arguments.addresses.empty() && !read_addresses(arguments.addresses, arguments.proof)) {
    std::cerr << "pith-prove: " << arguments.addresses << " does not say NAME ADDRESS on each line, as pith-replay --addresses does\n";
    return 2;
  }
  for (const std::string& folder : {arguments.proof.counterexample_folder, arguments.proof.sample_folder}) {
    if (!folder.empty()) std::filesystem::create_directories(folder);
  }
  std::set<std::string> open = names_in(arguments.open);
  std::vector<Entry> wanted;
  bool chooses = !arguments.only.empty();
  for (const Entry& entry : entries_of(*module)) {
    open.erase(entry.name);
    bool is_open = names_in(arguments.open).count(entry.name) != 0;
    bool is_wanted = chooses ? arguments.only.erase(entry.name) != 0 : arguments.all || !is_open;
    if (arguments.proof.only_refinement && !is_specified(*module, entry)) continue;
    if (arguments.list) std::cout << entry.name << (is_open ? " (open)" : "") << "\n";
    if (is_wanted && !arguments.list) wanted.push_back(entry);
  }
  if (!arguments.only.empty() || !open.empty()) {
    std::cerr << "pith-prove: there is no entry " << (arguments.only.empty() ? *open.begin() : *arguments.only.begin()) << "; --list shows them\n";
    return 2;
  }
  Digests digests(*copy);
  std::map<std::string, std::string> keys;
  std::vector<Entry> todo;
  std::vector<EntryReport> reports;
  auto take = [&](const EntryReport& report, bool is_cached) {
    if (!arguments.json) print(report, is_cached, arguments.replay);
    reports.push_back(report);
  };
  for (const Entry& entry : wanted) {
    std::string question = arguments.proof.only_traps ? "traps" : arguments.proof.only_refinement ? "refines " : "";
    question += arguments.proof.only_predicate;
    if (!executor.only_obligation.empty()) question += " " + executor.only_obligation;
    if (!arguments.cache.empty()) keys[entry.name] = digests.of(entry, question + (executor.stops_at_failure ? " first" : ""));
    auto known = cached(arguments.cache, keys[entry.name]);
    if (known)
      take(*known, true);
    else
      todo.push_back(entry);
  }
  bool shows_progress = isatty(STDERR_FILENO) != 0;
  std::size_t finished = 0;
  bool samples = !arguments.proof.sample_folder.empty();
  // A path is one of many; the solver has asked for 25 GiB over one of Region.reclaim.
  if (samples) arguments.limits.memory = std::uint64_t{6} << 30;
  std::optional<Knowledge> knowledge;
  if (!samples && !todo.empty()) knowledge.emplace(*module, arguments.proof);
  run_all(
      todo, [&](const Entry& entry) { return samples ? sample(*module, entry, arguments.proof) : prove(*knowledge, entry); }, arguments.limits,
      [&](const Entry& entry) {
        if (shows_progress) std::fprintf(stderr, "\r\033[K%zu of %zu: %s", finished, todo.size(), entry.name.c_str());
      },
      [&](const EntryReport& report) {
        finished++;
        if (shows_progress) std::fprintf(stderr, "\r\033[K");
        keep(arguments.cache, keys[report.name], report);
        take(report, false);
      });
  long bad = std::count_if(reports.begin(), reports.end(), [](const EntryReport& r) { return r.result != "proved" && r.result != kSampled; });
  if (arguments.json)
    print_json(reports, arguments);
  else
    print_counts(reports, bad, arguments.proof);
  return bad != 0;
}
