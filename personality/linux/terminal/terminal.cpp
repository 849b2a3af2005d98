// Reading, writing and control of terminals.
#include "personality/linux/terminal/terminal.h"

#include "lib/clock.h"
#include "personality/linux/environment.h"
#include "personality/linux/services.h"

namespace pith::personality {

void Terminal::receive(std::string_view bytes) {
  std::string echo;
  for (char byte : bytes)
    if (u32 signal = discipline.type(u8(byte), echo); signal && foreground)
      send_to_group(foreground, {.signal = signal, .code = SignalInformation::kKernel});
  if (!echo.empty()) output.add(echo);
  if (discipline.has_input()) readable.wake_all();
  output.flush();
}

void Terminal::lose_session(i32 ended) {
  if (session != ended) return;
  if (foreground) {
    send_to_group(foreground, {.signal = Signal::HangUp, .code = SignalInformation::kKernel});
    send_to_group(foreground, {.signal = Signal::Continue, .code = SignalInformation::kKernel});
  }
  for (const auto& [pid, process] : environment().processes.all())
    if (process->terminal.get() == this) process->terminal = {};
  session = foreground = 0;
}

Result<u64> write_through(Task& task, ByteSink& sink, Transfer& from, const LineDiscipline* discipline, u32 nonblocking) {
  u64 done = 0;
  while (from.left()) {
    if (!sink.has_room()) {
      sink.flush();
      if (!sink.has_room()) {
        Result<void> waited = nonblocking ? Result<void>(LinuxError::TryAgain) : task.wait_on(sink.drained);
        if (!waited) {
          if (done) return done;
          return waited.error();
        }
        continue;
      }
    }
    char piece[1024];
    Result<u64> taken = from.take(piece, sizeof piece);
    if (!taken) {
      if (done) return done;
      return taken.error();
    }
    done += *taken;
    std::string_view text(piece, *taken);
    if (discipline) {
      std::string processed;
      discipline->print(text, processed);
      sink.add(processed);
    } else {
      sink.add(text);
    }
  }
  sink.flush();
  return done;
}

namespace {

enum Request : u32 {
  GetSettings = 0x5401,
  SetSettings = 0x5402,
  SetSettingsWait = 0x5403,
  SetSettingsFlush = 0x5404,
  GetSettings2 = 0x802c542a,
  SetSettings2 = 0x402c542b,
  SendBreak = 0x5409,
  Flow = 0x540a,
  Flush = 0x540b,
  TakeControl = 0x540e,
  GetForeground = 0x540f,
  SetForeground = 0x5410,
  OutputLeft = 0x5411,
  GetSize = 0x5413,
  SetSize = 0x5414,
  BytesReady = 0x541b,
  GiveUpControl = 0x5422,
  GetSession = 0x5429
};

struct WindowSize {
  u16 rows, columns, width, height;
};

class TerminalFile final : public File {
 public:
  TerminalFile(Reference<Inode> inode, Reference<Terminal> terminal) : File(std::move(inode)), terminal_(std::move(terminal)) {}

  Result<u64> read(Task& task, Transfer& to, u64) override {
    TRY(check_background(task, Signal::TerminalInput));
    const TerminalSettings& settings = terminal_->discipline.settings();
    bool canonical = settings.local & TerminalSettings::Canonical;
    u8 time = settings.characters[TerminalSettings::Time];
    bool at_once = !canonical && settings.characters[TerminalSettings::Minimum] == 0;
    u64 deadline = at_once && time ? now() + time * (kSecond / 10) : 0;
    while (!terminal_->discipline.has_input()) {
      if (at_once && !time) return u64{0};
      if (is_nonblocking()) return LinuxError::TryAgain;
      Result<void> waited = task.wait_on(terminal_->readable, deadline);
      if (!waited && waited.error() == LinuxError::TimedOut) return u64{0};
      if (!waited) return waited.error();
      TRY(check_background(task, Signal::TerminalInput));
    }
    std::string bytes = terminal_->discipline.read(to.left());
    return bytes.empty() ? Result<u64>(u64{0}) : to.put(bytes.data(), bytes.size());
  }

  Result<u64> write(Task& task, Transfer& from, u64) override {
    return write_through(task, terminal_->output, from, &terminal_->discipline, flags & OpenFlag::NonBlocking);
  }

  u32 poll(Task&, Poller* poller) override {
    if (poller) poller->wait_on(terminal_->readable);
    u32 events = PollEvent::Out | PollEvent::WriteNormal;
    if (terminal_->discipline.has_input()) events |= PollEvent::In | PollEvent::ReadNormal;
    return events;
  }

  Result<u64> control(Task& task, u32 request, GuestAddress argument) override {
    AddressSpace& space = task.memory();
    switch (request) {
      case GetSettings:
      case GetSettings2:
        TRY(write_guest(space, argument, terminal_->discipline.settings()));
        if (request == GetSettings2)
          TRY(write_guest(space, GuestAddress(argument.raw + sizeof(TerminalSettings)), u64{115200} << 32 | 115200));
        return u64{0};
      case SetSettings:
      case SetSettingsWait:
      case SetSettingsFlush:
      case SetSettings2:
        TRY(check_background(task, Signal::TerminalOutput));
        if (request == SetSettingsFlush) terminal_->discipline.flush_input();
        terminal_->discipline.set(TRY(read_guest<TerminalSettings>(space, argument)));
        if (terminal_->discipline.has_input()) terminal_->readable.wake_all();
        return u64{0};
      case Flush:
        if (argument.raw == 0 || argument.raw == 2) terminal_->discipline.flush_input();
        return u64{0};
      case SendBreak:
      case Flow:
        return u64{0};
      case OutputLeft:
        TRY(write_guest<u32>(space, argument, 0));
        return u64{0};
      case BytesReady:
        TRY(write_guest<u32>(space, argument, u32(terminal_->discipline.bytes_ready())));
        return u64{0};
      case GetSize:
        TRY(write_guest(space, argument, WindowSize{terminal_->rows, terminal_->columns, 0, 0}));
        return u64{0};
      case SetSize:
        return set_size(TRY(read_guest<WindowSize>(space, argument)));
      case TakeControl:
        return take_control(task);
      case GiveUpControl:
        if (task.process.terminal != terminal_) return LinuxError::NotTerminal;
        if (task.process.session == task.process.pid) terminal_->lose_session(task.process.session);
        task.process.terminal = {};
        return u64{0};
      case GetForeground:
        if (task.process.terminal != terminal_) return LinuxError::NotTerminal;
        TRY(write_guest(space, argument, terminal_->foreground));
        return u64{0};
      case SetForeground:
        return set_foreground(task, TRY(read_guest<i32>(space, argument)));
      case GetSession:
        if (task.process.terminal != terminal_) return LinuxError::NotTerminal;
        TRY(write_guest(space, argument, terminal_->session));
        return u64{0};
      default:
        return LinuxError::NotTerminal;
    }
  }

 private:
  /// A background process of the terminal's session gets `signal` instead of what it wanted.
  Result<void> check_background(Task& task, u32 signal) {
    Process& process = task.process;
    if (process.terminal != terminal_ || process.group == terminal_->foreground) return {};
    bool ignored = task.blocked.has(signal) || process.actions[signal - 1].handler == SignalAction::Ignore;
    if (ignored) return signal == Signal::TerminalInput ? Result<void>(LinuxError::InputOutput) : Result<void>();
    send_to_group(process.group, {.signal = signal, .code = SignalInformation::kKernel});
    return LinuxError::Restart;
  }

  Result<u64> set_size(const WindowSize& size) {
    bool same = size.rows == terminal_->rows && size.columns == terminal_->columns;
    terminal_->rows = size.rows;
    terminal_->columns = size.columns;
    if (!same && terminal_->foreground)
      send_to_group(terminal_->foreground, {.signal = Signal::WindowChange, .code = SignalInformation::kKernel});
    return u64{0};
  }

  Result<u64> take_control(Task& task) {
    Process& process = task.process;
    if (process.terminal == terminal_ && terminal_->session == process.session) return u64{0};
    if (process.session != process.pid || process.terminal) return LinuxError::NotPermitted;
    if (terminal_->session && terminal_->session != process.session) return LinuxError::NotPermitted;
    process.terminal = terminal_;
    terminal_->session = process.session;
    terminal_->foreground = process.group;
    return u64{0};
  }

  Result<u64> set_foreground(Task& task, i32 group) {
    if (task.process.terminal != terminal_) return LinuxError::NotTerminal;
    if (group < 0) return LinuxError::Invalid;
    TRY(check_background(task, Signal::TerminalOutput));
    bool found = false;
    for (const auto& [pid, process] : environment().processes.all()) {
      if (process->group != group) continue;
      if (process->session != terminal_->session) return LinuxError::NotPermitted;
      found = true;
    }
    if (!found) return LinuxError::NoProcess;
    terminal_->foreground = group;
    return u64{0};
  }

  Reference<Terminal> terminal_;
};

}  // namespace

Result<Reference<File>> open_terminal(Task& task, Reference<Inode> inode, Terminal& terminal, u32 flags) {
  Process& process = task.process;
  if (!(flags & OpenFlag::NoControl) && process.session == process.pid && !process.terminal && !terminal.session) {
    process.terminal = Reference<Terminal>(&terminal);
    terminal.session = process.session;
    terminal.foreground = process.group;
  }
  return Reference<File>(new TerminalFile(std::move(inode), Reference<Terminal>(&terminal)));
}

Result<u64> StreamFile::read(Task& task, Transfer& to, u64) {
  if (source_ == Source::None || !to.left()) return u64{0};
  Services& services = environment().services;
  for (;;) {
    std::byte bytes[448];
    Result<u64> got = u64{0};
    {
      Unlocked unlocked;
      got = services.console_read({bytes, to.left() < sizeof bytes ? to.left() : sizeof bytes});
      if (got && *got == 0) {
        Result<void> waited = services.console_wait_input();
        if (!waited && waited.error() != Error::Cancelled) got = waited.error();
      }
    }
    if (!got) return got.error() == Error::EndOfData ? Result<u64>(u64{0}) : Result<u64>(got.error());
    if (*got) return to.put(bytes, *got);
    if (task.has_signal()) return LinuxError::Restart;
  }
}

Result<u64> StreamFile::write(Task& task, Transfer& from, u64) {
  return write_through(task, sink_, from, nullptr, flags & OpenFlag::NonBlocking);
}

void run_console_input() {
  Environment& env = environment();
  for (;;) {
    std::byte bytes[448];
    Result<u64> got = env.services.console_read(bytes);
    if (got && *got) {
      Lock lock(env.lock);
      env.console->receive({reinterpret_cast<const char*>(bytes), *got});
      continue;
    }
    if (!env.services.console_wait_input()) sleep_for(kMillisecond);
  }
}

}  // namespace pith::personality
