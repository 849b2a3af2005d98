// Starts pith-launch with pipes on all sides.
#include "tools/torture/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tools/torture/disk.h"
#include "tools/torture/echo.h"

namespace pith::torture {

namespace {

constexpr int kNotUp = 125;

std::vector<std::string> command_for(const Options& options, const std::string& disk, u32 echo_port) {
  std::string words = "seed=" + std::to_string(options.seed) + " faults=" + std::to_string(options.faults) + " kinds=" + options.kinds +
                      " targets=" + options.targets + " echo=" + std::to_string(echo_port) + " poweroff";
  if (options.uses_host_time) words += " host_time";
  std::vector<std::string> command{options.build + "/bin/pith-launch",
                                   "run",
                                   "--build",
                                   options.build,
                                   "--system",
                                   "faults",
                                   "--cpus",
                                   std::to_string(options.cpus),
                                   "--timeout",
                                   std::to_string(options.seconds()),
                                   "--disk",
                                   disk,
                                   "--exec",
                                   Dialogue::kCommand,
                                   "--append",
                                   words};
  if (!options.uses_host_time) command.push_back("--icount");
  return command;
}

/// A pipe from the machine, line by line.
class Lines {
 public:
  explicit Lines(int descriptor) : descriptor_(descriptor) {}
  int descriptor() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

  /// What is there; each whole line goes to `take`.
  void read(FILE* log, const std::function<void(std::string_view)>& take) {
    char buffer[16384];
    ssize_t count = ::read(descriptor_, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      close(descriptor_);
      descriptor_ = -1;
      return;
    }
    if (log) fwrite(buffer, 1, usize(count), log);
    rest_.append(buffer, usize(count));
    for (usize end; (end = rest_.find('\n')) != rest_.npos; rest_.erase(0, end + 1)) {
      std::string_view line(rest_.data(), end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      take(line);
    }
  }

 private:
  int descriptor_;
  std::string rest_;
};

/// Types what fits into the pipe.
void type(int terminal, std::string& waiting) {
  ssize_t count = write(terminal, waiting.data(), waiting.size());
  if (count > 0) waiting.erase(0, usize(count));
}

}  // namespace

int run_machine(const Options& options, Results& results, Dialogue& dialogue, FILE* log, const std::function<void()>& progress) {
  int input[2], output[2], diagnostics[2];
  for (int* ends : {input, output, diagnostics}) {
    if (pipe2(ends, O_CLOEXEC) != 0) return kNotUp;
  }
  ScratchDisk disk;
  EchoServer echo;
  if (!disk.is_there() || echo.port() == 0) return kNotUp;
  pid_t self = getpid(), child = fork();
  if (child < 0) return kNotUp;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != self) _exit(kNotUp);
    dup2(input[0], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    dup2(diagnostics[1], STDERR_FILENO);
    auto command = command_for(options, disk.path(), echo.port());
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    execv(words[0], words.data());
    dprintf(STDERR_FILENO, "pith-torture: cannot start %s: %s\n", words[0], strerror(errno));
    _exit(kNotUp);
  }
  for (int end : {input[0], output[1], diagnostics[1]}) close(end);
  fcntl(input[1], F_SETFL, O_NONBLOCK);
  Lines answers(output[0]), diagnosed(diagnostics[0]);
  std::string waiting;
  while (answers.is_open() || diagnosed.is_open()) {
    waiting += dialogue.next();
    pollfd sources[] = {
        {answers.descriptor(), POLLIN, 0}, {diagnosed.descriptor(), POLLIN, 0}, {waiting.empty() ? -1 : input[1], POLLOUT, 0}};
    if (poll(sources, 3, -1) < 0 && errno != EINTR) break;
    // Diagnostics first: they say which fault it was.
    if (sources[1].revents != 0) diagnosed.read(log, [&](std::string_view line) { results.take_line(line); });
    if (sources[0].revents != 0) answers.read(log, [&](std::string_view line) { dialogue.take_line(line); });
    if (sources[2].revents & POLLOUT) type(input[1], waiting);
    if (sources[2].revents & (POLLERR | POLLHUP)) waiting.clear();
    progress();
  }
  close(input[1]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // What is on the disk must make sense to others.
  if (std::string problems = disk.problems_of_ext4(); !problems.empty()) results.add_finding("ext4", "wrong", "e2fsck: " + problems);
  if (std::string problems = disk.problems_of_fat(); !problems.empty()) results.add_finding("fat", "wrong", "fsck.vfat: " + problems);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kNotUp;
}

}  // namespace pith::torture
