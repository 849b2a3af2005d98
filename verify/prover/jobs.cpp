// One child process for each proof: the solver's identities start anew, a crash is one unknown, and limits are the system's own.
#include "verify/prover/jobs.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "verify/prover/cache.h"

namespace pith::verify {

namespace {

constexpr std::size_t kStackSize = std::size_t{1} << 30;  // the solver recurses deeply over large formulas
struct Task {
  const EntryWork& work;
  const Entry& entry;
  std::string text;
};

void* run_task(void* argument) {
  Task& task = *static_cast<Task*>(argument);
  task.text = serialise(task.work(task.entry));
  return nullptr;
}

[[noreturn]] void run(const EntryWork& work, const Entry& entry, const JobLimits& limits, int pipe) {
  rlimit limit{limits.seconds, limits.seconds + 5};
  setrlimit(RLIMIT_CPU, &limit);
  if (limits.memory != 0) {
    rlimit room{limits.memory, limits.memory};
    setrlimit(RLIMIT_AS, &room);
  }
  Task task{work, entry, {}};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, run_task, &task) != 0) _exit(3);
  pthread_join(thread, nullptr);
  for (std::size_t written = 0; written < task.text.size();) {
    ssize_t now = write(pipe, task.text.data() + written, task.text.size() - written);
    if (now <= 0) _exit(3);
    written += std::size_t(now);
  }
  _exit(0);
}

}  // namespace

void run_all(const std::vector<Entry>& entries, const EntryWork& work, const JobLimits& limits, const std::function<void(const Entry&)>& started,
             const std::function<void(const EntryReport&)>& finished) {
  struct Running {
    const Entry* entry;
    int pipe;
  };
  std::map<pid_t, Running> running;
  std::size_t next = 0;
  while (next < entries.size() || !running.empty()) {
    while (next < entries.size() && running.size() < limits.jobs) {
      const Entry& entry = entries[next++];
      int ends[2];
      if (pipe(ends) != 0) return;
      started(entry);
      pid_t child = fork();
      if (child == 0) {
        close(ends[0]);
        run(work, entry, limits, ends[1]);
      }
      close(ends[1]);
      running[child] = {&entry, ends[0]};
    }
    int status = 0;
    rusage usage{};
    pid_t ended = wait4(-1, &status, 0, &usage);
    auto found = running.find(ended);
    if (found == running.end()) continue;
    // Reports are shorter than what a pipe holds but for hundreds of failures; the child has ended, so this reads all there is.
    std::string text;
    char buffer[4096];
    for (ssize_t count; (count = read(found->second.pipe, buffer, sizeof buffer)) > 0;) text.append(buffer, std::size_t(count));
    close(found->second.pipe);
    EntryReport report;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !text.empty()) {
      report = deserialise(text);
    } else {
      report.name = found->second.entry->name;
      report.result = "unknown";
      report.seconds = double(usage.ru_utime.tv_sec) + double(usage.ru_utime.tv_usec) * 1e-6;
      // The system kills at five seconds more.
      bool late = WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || (WTERMSIG(status) == SIGKILL && report.seconds >= limits.seconds));
      report.failures.push_back({late ? "took longer than " + std::to_string(limits.seconds) + " s" : "the prover itself failed", "", "", true});
    }
    running.erase(found);
    finished(report);
  }
}

}  // namespace pith::verify
