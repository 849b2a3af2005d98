// Host: runs the Linux environment in an ordinary process. Arguments: cpio archive, then "exec" for a command from /etc/pith/exec.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "abi/error.h"
#include "lib/clock.h"
#include "lib/thread.h"
#include "personality/linux/host/loopback_stack.h"
#include "personality/linux/host/memory_file_server.h"
#include "personality/linux/host/services.h"
#include "personality/linux/init.h"
#include "personality/linux/network/internet_socket.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/terminal/terminal.h"
#include "personality/linux/time/clock.h"

using namespace pith;

namespace {

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
  static personality::HostServices services;
  // A file system in memory, of which the disk's server would be one.
  static personality::MemoryFileServer disk;
  services.file_server = &disk;
  static personality::LoopbackStack stack;
  services.stack = &stack;
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
  (void)Thread::spawn(
      pool, [](void*) { personality::run_timers(); }, nullptr, 0, 8);
  (void)Thread::spawn(pool, [](void*) { personality::run_write_back(); }, nullptr, 0, 8);
  (void)Thread::spawn(pool, [](void*) { personality::run_network(); }, nullptr, 0, 8);
  if (!command) personality::run_console_input();
  for (;;) sleep_for(3600 * kSecond);
}
