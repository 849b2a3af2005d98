// The line discipline: from typed bytes to lines, echo and signals; from written bytes to what the terminal gets. No waiting, no devices.
#pragma once
#include <deque>
#include <string>
#include <string_view>

#include "base/types.h"

namespace pith::personality {

/// struct termios of the kernel interface.
struct TerminalSettings {
  enum Input : u32 { StripHigh = 0x20, NewlineToReturn = 0x40, IgnoreReturn = 0x80, ReturnToNewline = 0x100, StartStop = 0x400 };
  enum Output : u32 { Process = 1, NewlineToReturnNewline = 4, ReturnToNewlineOut = 8 };
  enum Local : u32 {
    Signals = 1,
    Canonical = 2,
    Echo = 8,
    EchoErase = 0x10,
    EchoKill = 0x20,
    EchoNewline = 0x40,
    NoFlush = 0x80,
    EchoControl = 0x200,
    EchoKillErase = 0x800,
    Extended = 0x8000
  };
  enum Character {
    Interrupt = 0,
    Quit = 1,
    Erase = 2,
    Kill = 3,
    EndOfFile = 4,
    Time = 5,
    Minimum = 6,
    Suspend = 10,
    EndOfLine = 11,
    Reprint = 12,
    WordErase = 14,
    LiteralNext = 15,
    EndOfLine2 = 16
  };

  u32 input = ReturnToNewline | StartStop;
  u32 output = Process | NewlineToReturnNewline;
  u32 control = 0xb0 | 0x1002;  ///< 8 bits, receiver on, 115200
  u32 local = Signals | Canonical | Echo | EchoErase | EchoKill | EchoControl | EchoKillErase | Extended;
  u8 line = 0;
  u8 characters[19] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0};
};
static_assert(sizeof(TerminalSettings) == 36);

/// State of one terminal's input and output processing.
class LineDiscipline {
 public:
  static constexpr usize kMostInput = 4096;

  /// Takes one typed byte; appends what is to be echoed to `echo`. The signal to send to the foreground group, or 0.
  u32 type(u8 byte, std::string& echo);
  /// Appends the form in which written bytes go to the terminal.
  void print(std::string_view text, std::string& out) const;

  /// Whether a read would find something (a line, an end of file, or enough bytes).
  bool has_input() const;
  /// Bytes that a read of `most` bytes gets; empty with has_input(): end of file.
  std::string read(usize most);
  usize bytes_ready() const;
  void flush_input();
  void set(const TerminalSettings& settings);
  const TerminalSettings& settings() const { return settings_; }

 private:
  bool is_canonical() const { return settings_.local & TerminalSettings::Canonical; }
  bool is(u8 byte, TerminalSettings::Character which) const { return settings_.characters[which] && byte == settings_.characters[which]; }
  void echo_byte(u8 byte, std::string& echo) const;
  void print_newline(std::string& out) const;
  void rub_out(std::string& echo);
  void edit(u8 byte, std::string& echo);
  void finish_line();
  u32 signal_of(u8 byte) const;

  TerminalSettings settings_;
  std::string line_;               ///< being edited
  std::deque<std::string> lines_;  ///< complete; an empty one is an end of file
  std::string raw_;                ///< without lines
  bool literal_ = false;           ///< the next byte is taken as it is
};

}  // namespace pith::personality
