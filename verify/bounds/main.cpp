// pith-bounds: the longest way through the kernel for each entry, computed from its machine code.
#include <iostream>

#include "tools/common/files.h"
#include "verify/bounds/report.h"

namespace pith::bounds {

namespace {

constexpr int kBroken = 1, kUsage = 2;
constexpr char kHelp[] =
    R"(usage: pith-bounds KERNEL [--facts FILE]... [--measured FILE]... [--page FILE] [--update FILE] [--path ENTRY] [--json]

Computes for each kernel entry how many instructions it runs at most, and how many frames it clears.
  --facts FILE     entries, bounds of loops, combinations that cannot happen
  --measured FILE  lines `longest ENTRY INSTRUCTIONS` of a run under the instruction counter
  --page FILE      writes the table as a page of the documentation
  --update FILE    puts the table in place of the one in FILE
  --path ENTRY     prints where the instructions of its longest path are
Exit status: 0 every entry is within its bound, 1 some are not or no bound exists (reasons on standard error), 2 wrong usage.
)";

struct Options {
  std::string kernel, page, update, path;
  std::vector<std::string> facts, measured;
  bool wants_json = false;
};

std::optional<Options> parse_options(const std::vector<std::string>& words) {
  Options options;
  for (usize i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    bool has_value = i + 1 < words.size();
    if (word == "--json") {
      options.wants_json = true;
    } else if (word == "--update" && has_value) {
      options.update = words[++i];
    } else if (word == "--facts" && has_value) {
      options.facts.push_back(words[++i]);
    } else if (word == "--measured" && has_value) {
      options.measured.push_back(words[++i]);
    } else if (word == "--page" && has_value) {
      options.page = words[++i];
    } else if (word == "--path" && has_value) {
      options.path = words[++i];
    } else if (word.starts_with("-") || !options.kernel.empty()) {
      return {};
    } else {
      options.kernel = word;
    }
  }
  if (options.kernel.empty()) return {};
  return options;
}

std::string read_text(const std::string& path, Problems& problems) {
  auto bytes = read_file(path);
  if (!bytes) problems.push_back(path + ": cannot be read");
  return bytes ? std::string(bytes->begin(), bytes->end()) : "";
}

void write_page(const std::string& path, const std::string& text) {
  if (!write_file(path, {reinterpret_cast<const u8*>(text.data()), text.size()})) std::cerr << path << ": cannot be written\n";
}

int report(const Options& options, const Analysis& analysis) {
  if (!options.page.empty()) write_page(options.page, page_text(analysis));
  if (!options.update.empty()) {
    Problems problems;
    write_page(options.update, with_table(read_text(options.update, problems), analysis));
  }
  bool is_good = analysis.problems.empty();
  for (const EntryBound& entry : analysis.entries) {
    is_good &= entry.is_within();
    if (!entry.is_within()) std::cerr << "pith-bounds: entry " << entry.name << " is too long: " << entry.worst_instructions << " instructions\n";
    if (entry.name == options.path) std::cout << entry.path;
  }
  if (options.path.empty()) std::cout << (options.wants_json ? json_text(analysis) : table_text(analysis));
  for (const std::string& problem : analysis.problems) std::cerr << "pith-bounds: " << problem << "\n";
  return is_good ? 0 : kBroken;
}

int run(const std::vector<std::string>& words) {
  if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) {
    std::cout << kHelp;
    return 0;
  }
  auto options = parse_options(words);
  if (!options) {
    std::cerr << kHelp;
    return kUsage;
  }
  Problems problems;
  Facts facts;
  for (const std::string& file : options->facts) facts.read(read_text(file, problems), file, problems);
  std::string problem;
  auto program = Program::load(options->kernel, problem);
  if (!program) {
    std::cerr << "pith-bounds: " << problem << "\n";
    return kBroken;
  }
  Analysis analysis = analyse(*program, facts);
  analysis.problems.insert(analysis.problems.begin(), problems.begin(), problems.end());
  for (const std::string& file : options->measured) add_measurements(analysis, read_text(file, analysis.problems));
  return report(*options, analysis);
}

}  // namespace
}  // namespace pith::bounds

int main(int count, char** words) { return pith::bounds::run({words + 1, words + count}); }
