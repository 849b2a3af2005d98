// pith-torture: makes faults in a running system and reports what became of them.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <random>
#include <span>

#include "tools/common/files.h"
#include "tools/torture/plot.h"
#include "tools/torture/run.h"
#include "tools/torture/text.h"

namespace {

using namespace pith;
using namespace pith::torture;

constexpr int kUsage = 2, kNotUp = 125, kPanic = 126;

/// One changing line on a terminal, nothing elsewhere.
class Progress {
 public:
  explicit Progress(u64 all) : all_(all), is_shown_(isatty(STDERR_FILENO) == 1) {}

  void show(u64 made) {
    if (!is_shown_ || made == shown_) return;
    shown_ = made;
    constexpr usize kCells = 40;
    std::string bar(kCells, '.');
    bar.replace(0, std::min<usize>(kCells, made * kCells / all_), std::min<usize>(kCells, made * kCells / all_), '#');
    fprintf(stderr, "\r[%s] %llu of %llu", bar.c_str(), static_cast<unsigned long long>(made), static_cast<unsigned long long>(all_));
  }
  void finish() const {
    if (is_shown_) fputs("\n", stderr);
  }

 private:
  u64 all_, shown_ = ~u64{0};
  bool is_shown_;
};

bool write_text(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  if (path == "-") return fputs(text.c_str(), stdout) >= 0;
  if (write_file(path, std::span(reinterpret_cast<const u8*>(text.data()), text.size()))) return true;
  fprintf(stderr, "pith torture: %s cannot be written\n", path.c_str());
  return false;
}

/// The picture's path as the page links it: from the page's folder.
std::string path_from(const std::string& page, const std::string& plot) {
  return plot.empty() ? "" : std::filesystem::path(plot).lexically_proximate(std::filesystem::path(page).parent_path()).string();
}

}  // namespace

int main(int count, char** words) {
  Options options = parse_options({words + 1, words + count});
  if (options.wants_help) {
    fputs(kHelp, stdout);
    return 0;
  }
  if (!options.problem.empty()) {
    fprintf(stderr, "pith torture: %s (see ./pith torture --help)\n", options.problem.c_str());
    return kUsage;
  }
  std::error_code error;
  if (options.build.empty()) options.build = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().parent_path().string();
  if (!options.has_seed) options.seed = std::random_device()() % 1'000'000;
  signal(SIGPIPE, SIG_IGN);
  FILE* log = options.log.empty() ? nullptr : fopen(options.log.c_str(), "w");
  if (!options.log.empty() && !log) {
    fprintf(stderr, "pith torture: %s cannot be written\n", options.log.c_str());
    return kUsage;
  }
  fprintf(stderr, "pith: %s\n", command_of(options).c_str());

  Results results;
  Progress progress(options.activated ? options.activated : options.faults);
  Verdict verdict{.is_complete = true, .machines = 0};
  int status = 0;
  u64 activated = 0;
  do {
    Options one = options;
    one.seed = options.seed + verdict.machines++;
    Results more;
    Dialogue dialogue(more);
    status = run_machine(one, more, dialogue, log, [&] { progress.show(options.activated ? activated : more.faults().size()); });
    more.finish(dialogue.answers());
    bool is_whole = status == 0 && more.has_ended() && more.faults().size() == options.faults;
    if (!is_whole) verdict.unfinished++;
    verdict.is_complete = verdict.is_complete && is_whole;
    verdict.has_panicked = status == kPanic;
    results.add(more);
    activated = results.count([](const Fault& fault) { return fault.is_activated(); });
  } while (activated < options.activated && !verdict.has_panicked && status != kNotUp && !results.faults().empty());
  progress.finish();
  if (log) fclose(log);
  fputs(summary(options, results, verdict).c_str(), stderr);
  if (status == kNotUp && results.faults().empty()) return kNotUp;
  bool is_written = write_text(options.json, json(options, results, verdict)) && write_text(options.plot, plot(options, results)) &&
                    write_text(options.page, page(options, results, verdict, path_from(options.page, options.plot)));
  if (verdict.has_panicked) return kPanic;
  return is_written && is_good(results, verdict) ? 0 : 1;
}
