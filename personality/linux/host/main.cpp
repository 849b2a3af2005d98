// Host: runs the Linux environment in an ordinary process. Arguments: cpio archive, then "exec" for a command from /etc/pith/exec.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "abi/error.h"
#include "lib/clock.h"
#include "lib/thread.h"
#include "personality/linux/init.h"
#include "personality/linux/services.h"
#include "personality/linux/terminal/terminal.h"
#include "personality/linux/time/clock.h"

using namespace pith;

namespace {

class HostServices final : public personality::Services {
 public:
  Result<u64> console_write(std::span<const std::byte> data) override { return written(1, data); }
  Result<u64> diagnostic_write(std::span<const std::byte> data) override { return written(2, data); }
  Result<u64> console_read(std::span<std::byte> buffer) override {
    pollfd item{0, POLLIN, 0};
    if (poll(&item, 1, 0) <= 0) return u64{0};
    ssize_t got = read(0, buffer.data(), buffer.size());
    if (got <= 0) return Error::EndOfData;
    return u64(got);
  }
  Result<void> console_wait_input() override {
    pollfd item{0, POLLIN, 0};
    poll(&item, 1, 100);
    if (item.revents & POLLHUP && !(item.revents & POLLIN)) usleep(100000);
    return {};
  }
  Result<void> console_drain() override { return {}; }
  Result<void> random(std::span<std::byte> buffer) override {
    (void)!getrandom(buffer.data(), buffer.size(), 0);
    return {};
  }
  Result<u64> wall_offset() override { return u64(time(nullptr)) * kSecond - now(); }
  Result<void> set_wall_offset(u64) override { return {}; }
  Result<u64> component_count() override { return u64{2}; }
  Result<std::string> component_name(u64 component) override { return std::string(component ? "console" : "log"); }
  Result<std::string> component_state(u64) override { return std::string("state running\n"); }
  Result<std::string> component_crash(u64) override { return Error::NotFound; }
  Result<void> component_control(u64 component, std::string_view command) override {
    fprintf(stderr, "host: control %llu '%.*s'\n", static_cast<unsigned long long>(component), int(command.size()), command.data());
    return {};
  }
  void yield() override { usleep(0); }
  void power(u64, u64 code) override { _exit(int(code)); }

 private:
  static Result<u64> written(int descriptor, std::span<const std::byte> data) {
    ssize_t count = write(descriptor, data.data(), data.size());
    if (count < 0) return Error::EndOfData;
    return u64(count);
  }
};

termios before;
void restore() { tcsetattr(0, TCSANOW, &before); }

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  int file = open(arguments[1], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return 2;
  void* archive = mmap(nullptr, size_t(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  bool command = count > 2 && strcmp(arguments[2], "exec") == 0;
  const char* frames = getenv("PITH_FRAMES");
  static FramePool pool(u32(frames ? atoi(frames) : 65536));
  static HostServices services;
  personality::create_environment(pool, pool.window_start(), services);
  if (!command && isatty(0)) {
    tcgetattr(0, &before);
    termios raw = before;
    cfmakeraw(&raw);
    tcsetattr(0, TCSANOW, &raw);
    atexit(restore);
  }
  auto started = personality::start_environment({static_cast<const u8*>(archive), size_t(status.st_size)},
                                                command ? personality::StartMode::Command : personality::StartMode::Interactive);
  if (!started) return 125;
  (void)Thread::spawn(pool, [](void*) { personality::run_timers(); }, nullptr, 0, 8);
  if (!command) personality::run_console_input();
  for (;;) sleep_for(3600 * kSecond);
}
