// The Linux environment: wiring.
#include "lib/log.h"
#include "lib/start.h"
#include "lib/thread.h"
#include "personality/linux/init.h"
#include "personality/linux/native_services.h"
#include "personality/linux/network/internet_socket.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/terminal/terminal.h"
#include "personality/linux/time/clock.h"

using namespace pith;

namespace {

/// The server that `text` names as that of the root file system, "root=NAME", which is taken off; empty: none.
std::string_view take_root(std::string_view& text) {
  constexpr std::string_view kKey = "root=";
  if (!text.starts_with(kKey)) return {};
  usize end = text.find(' ');
  std::string_view name = text.substr(kKey.size(), end == text.npos ? text.npos : end - kKey.size());
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return name;
}

}  // namespace

int main() {
  constexpr u32 kPriority = 12;  // above the guests' threads: input and timers are served at once
  constexpr u64 kStackPages = 8;
  auto pool = FramePool::instance();
  if (!pool) {
    log_line(LogLevel::Error, "the linux environment needs a pool of frames in its manifest");
    return 1;
  }
  static auto services = personality::connect_services();
  personality::create_environment(*pool, reinterpret_cast<u8*>(kPoolAddress), *services);
  std::string_view program = arguments(), root = take_root(program);
  bool command = program.empty() && has_command_line_word("exec");
  auto mode = !program.empty() ? personality::StartMode::Program
              : command        ? personality::StartMode::Command
                               : personality::StartMode::Interactive;
  std::span<const std::byte> module = module_bytes();
  auto started = personality::start_environment({reinterpret_cast<const u8*>(module.data()), module.size()}, mode, program, root);
  if (!started) {
    log_line(LogLevel::Error, "the linux environment could not start: error %u", personality::errno_of(started.error()));
    // Where somebody waits, or the disk would have had to be there, the machine has nothing left to do.
    constexpr u64 kNotUp = 125;
    if (command || !root.empty()) services->power(0, kNotUp);
    return 1;
  }
  auto timers = Thread::spawn(
      *pool, [](void*) { personality::run_timers(); }, nullptr, kPriority, kStackPages);
  if (!timers) log_line(LogLevel::Error, "no thread for timers");
  auto writer = Thread::spawn(*pool, [](void*) { personality::run_write_back(); }, nullptr, kPriority - 1, kStackPages);
  if (!writer) log_line(LogLevel::Error, "no thread that writes files back");
  // It ends at once where there is no network. (A Thread object's end would end its thread: they stay as long as this function.)
  auto network = Thread::spawn(*pool, [](void*) { personality::run_network(); }, nullptr, kPriority, kStackPages);
  if (!network) log_line(LogLevel::Error, "no thread for the network");
  if (mode == personality::StartMode::Interactive) personality::run_console_input();
  // The first thread has no more to do; process 1 ends the machine.
  for (;;) sleep_for(3600 * kSecond);
}
