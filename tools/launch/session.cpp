// One run of the machine: starts QEMU, passes its diagnostics on, ends it in time, says how it went.
#include "tools/launch/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>

#include "tools/launch/machine.h"
#include "tools/launch/marker_filter.h"

namespace pith::launch {

namespace {

using Clock = std::chrono::steady_clock;

/// How long a machine may take to switch itself off after it said how it ended.
constexpr auto kGrace = std::chrono::seconds(5);

/// The terminal's settings, put back whatever QEMU did to them.
class TerminalKeeper {
 public:
  TerminalKeeper() : is_kept_(tcgetattr(STDIN_FILENO, &settings_) == 0) {}
  ~TerminalKeeper() {
    if (is_kept_) tcsetattr(STDIN_FILENO, TCSANOW, &settings_);
  }

 private:
  termios settings_;
  bool is_kept_;
};

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count <= 0) return;
    bytes.remove_prefix(size_t(count));
  }
}

class Session {
 public:
  Session(const Options& options, int image) : options_(options), image_(image) {}

  int run() {
    if (!start()) return ExitStatus::NotUp;
    watch();
    filter_.finish();
    close(diagnostics_);
    return verdict();
  }

 private:
  bool start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    diagnostics_ = ends[0];
    sigset_t watched;
    sigemptyset(&watched);
    for (int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&watched, signal);
    sigset_t before;
    sigprocmask(SIG_BLOCK, &watched, &before);
    signals_ = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    auto command = machine_command(options_, {image_, ends[1], isatty(STDIN_FILENO) == 1});
    pid_t self = getpid();
    child_ = fork();
    if (child_ == 0) {
      // QEMU ends with this program, even when that is killed.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != self) _exit(ExitStatus::NotUp);
      sigprocmask(SIG_SETMASK, &before, nullptr);
      fcntl(ends[1], F_SETFD, 0);
      std::vector<char*> words;
      for (std::string& word : command) words.push_back(word.data());
      words.push_back(nullptr);
      execvp(words[0], words.data());
      dprintf(STDERR_FILENO, "pith-launch: cannot start %s: %s\n", words[0], strerror(errno));
      _exit(ExitStatus::NotUp);
    }
    close(ends[1]);
    if (child_ > 0 && signals_ >= 0) return true;
    fprintf(stderr, "pith-launch: cannot start a process\n");
    return false;
  }

  /// Until QEMU has ended and all that it wrote was read.
  void watch() {
    if (options_.timeout)
      deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options_.timeout));
    while (is_running_ || is_connected_) {
      pollfd sources[] = {{signals_, POLLIN, 0}, {is_connected_ ? diagnostics_ : -1, POLLIN, 0}};
      poll(sources, 2, milliseconds_left());
      if (sources[1].revents != 0) read_diagnostics();
      if (sources[0].revents != 0) read_signals();
      if (is_running_ && Clock::now() >= deadline_) expire();
    }
  }

  int milliseconds_left() const {
    if (!is_running_ || deadline_ == Clock::time_point::max()) return -1;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    return left < 0 ? 0 : left > 1'000'000 ? 1'000'000 : int(left);
  }

  void read_diagnostics() {
    char buffer[16384];
    ssize_t count = read(diagnostics_, buffer, sizeof buffer);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
      is_connected_ = false;
      return;
    }
    bool was_decided = is_decided();
    filter_.feed({buffer, size_t(count)});
    if (!was_decided && is_decided()) deadline_ = std::min(deadline_, Clock::now() + kGrace);
  }

  void read_signals() {
    signalfd_siginfo information;
    while (read(signals_, &information, sizeof information) == sizeof information) {
      if (information.ssi_signo == SIGCHLD) {
        if (waitpid(child_, &wait_status_, WNOHANG) == child_) is_running_ = false;
      } else {
        ended_by_ = int(information.ssi_signo);
        if (is_running_) kill(child_, SIGTERM);
        deadline_ = std::min(deadline_, Clock::now() + kGrace);
      }
    }
  }

  void expire() {
    has_timed_out_ = !is_decided() && ended_by_ == 0;
    kill(child_, SIGKILL);
    deadline_ = Clock::time_point::max();
  }

  bool is_decided() const { return filter_.exit_status() || filter_.panic(); }

  int verdict() const {
    if (filter_.panic()) {
      fprintf(stderr, "pith-launch: kernel panic: %s\n", filter_.panic()->c_str());
      return ExitStatus::Panic;
    }
    if (filter_.exit_status()) return *filter_.exit_status();
    if (has_timed_out_) {
      fprintf(stderr, "pith-launch: ended after %g s\n", *options_.timeout);
      return ExitStatus::TimedOut;
    }
    if (ended_by_ != 0) return 128 + ended_by_;
    bool is_clean = WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0;
    // Somebody who works interactively may leave by ctrl-a x at any time.
    if (is_clean && !options_.command) return 0;
    fprintf(stderr, "pith-launch: the machine stopped before the system said how it ended\n");
    return ExitStatus::NotUp;
  }

  const Options& options_;
  int image_;
  int diagnostics_ = -1, signals_ = -1;
  pid_t child_ = -1;
  int wait_status_ = 0;
  int ended_by_ = 0;
  bool is_running_ = true, is_connected_ = true, has_timed_out_ = false;
  Clock::time_point deadline_ = Clock::time_point::max();
  MarkerFilter filter_{[](std::string_view bytes) { write_all(STDERR_FILENO, bytes); }};
};

}  // namespace

int run_session(const Options& options, int image) {
  TerminalKeeper keeper;
  return Session(options, image).run();
}

}  // namespace pith::launch
