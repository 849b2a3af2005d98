// Editing, echo, signals and output processing.
#include "personality/linux/terminal/line_discipline.h"

#include "personality/linux/signal/signals.h"

namespace pith::personality {

using T = TerminalSettings;

namespace {
bool is_control(u8 byte) { return byte < 32 || byte == 127; }
}  // namespace

void LineDiscipline::echo_byte(u8 byte, std::string& echo) const {
  if (!(settings_.local & T::Echo)) return;
  if (byte == '\n') {
    print_newline(echo);
  } else if (is_control(byte) && byte != '\t' && settings_.local & T::EchoControl) {
    echo += '^';
    echo += char(byte ^ 64);
  } else {
    echo += char(byte);
  }
}

void LineDiscipline::print_newline(std::string& out) const {
  if (settings_.output & T::Process && settings_.output & T::NewlineToReturnNewline) out += '\r';
  out += '\n';
}

void LineDiscipline::rub_out(std::string& echo) {
  if (line_.empty()) return;
  // A UTF-8 character goes as a whole.
  u8 byte;
  do {
    byte = u8(line_.back());
    line_.pop_back();
  } while ((byte & 0xc0) == 0x80 && !line_.empty());
  if (!(settings_.local & T::Echo) || !(settings_.local & T::EchoErase)) return;
  bool two = is_control(byte) && byte != '\t' && settings_.local & T::EchoControl;
  echo += two ? "\b \b\b \b" : "\b \b";
}

void LineDiscipline::finish_line() {
  lines_.push_back(std::move(line_));
  line_.clear();
}

u32 LineDiscipline::signal_of(u8 byte) const {
  if (!(settings_.local & T::Signals)) return 0;
  if (is(byte, T::Interrupt)) return Signal::Interrupt;
  if (is(byte, T::Quit)) return Signal::Quit;
  if (is(byte, T::Suspend)) return Signal::TerminalStop;
  return 0;
}

u32 LineDiscipline::type(u8 byte, std::string& echo) {
  if (settings_.input & T::StripHigh) byte &= 127;
  if (!literal_) {
    if (byte == '\r') {
      if (settings_.input & T::IgnoreReturn) return 0;
      if (settings_.input & T::ReturnToNewline) byte = '\n';
    } else if (byte == '\n' && settings_.input & T::NewlineToReturn) {
      byte = '\r';
    }
    if (u32 signal = signal_of(byte)) {
      if (!(settings_.local & T::NoFlush)) flush_input();
      echo_byte(byte, echo);
      return signal;
    }
  }
  if (!is_canonical()) {
    if (raw_.size() < kMostInput) raw_ += char(byte);
    echo_byte(byte, echo);
    return 0;
  }
  edit(byte, echo);
  return 0;
}

void LineDiscipline::edit(u8 byte, std::string& echo) {
  if (!literal_) {
    if (is(byte, T::LiteralNext) && settings_.local & T::Extended) {
      literal_ = true;
      if (settings_.local & T::Echo) echo += "^\b";
      return;
    }
    if (is(byte, T::Erase)) return rub_out(echo);
    if (is(byte, T::Kill)) {
      while (!line_.empty()) rub_out(echo);
      return;
    }
    if (is(byte, T::WordErase) && settings_.local & T::Extended) {
      while (!line_.empty() && line_.back() == ' ') rub_out(echo);
      while (!line_.empty() && line_.back() != ' ') rub_out(echo);
      return;
    }
    if (is(byte, T::EndOfFile)) return finish_line();
  }
  bool ends = !literal_ && (byte == '\n' || is(byte, T::EndOfLine) || is(byte, T::EndOfLine2));
  literal_ = false;
  if (line_.size() >= kMostInput - 1 && !ends) {
    echo += '\a';
    return;
  }
  line_ += char(byte);
  if (byte == '\n' && !(settings_.local & T::Echo) && settings_.local & T::EchoNewline) print_newline(echo);
  echo_byte(byte, echo);
  if (ends) finish_line();
}

void LineDiscipline::print(std::string_view text, std::string& out) const {
  if (!(settings_.output & T::Process)) {
    out += text;
    return;
  }
  for (char letter : text) {
    if (letter == '\n')
      print_newline(out);
    else if (letter == '\r' && settings_.output & T::ReturnToNewlineOut)
      out += '\n';
    else
      out += letter;
  }
}

bool LineDiscipline::has_input() const {
  if (is_canonical()) return !lines_.empty();
  usize minimum = settings_.characters[T::Minimum];
  return raw_.size() >= (minimum ? minimum : 1);
}

std::string LineDiscipline::read(usize most) {
  std::string bytes;
  if (is_canonical()) {
    if (lines_.empty()) return bytes;
    std::string& line = lines_.front();
    bytes = line.substr(0, most);
    line.erase(0, bytes.size());
    if (line.empty()) lines_.pop_front();
    return bytes;
  }
  bytes = raw_.substr(0, most);
  raw_.erase(0, bytes.size());
  return bytes;
}

usize LineDiscipline::bytes_ready() const {
  if (!is_canonical()) return raw_.size();
  usize sum = 0;
  for (const std::string& line : lines_) sum += line.size();
  return sum;
}

void LineDiscipline::flush_input() {
  line_.clear();
  lines_.clear();
  raw_.clear();
  literal_ = false;
}

void LineDiscipline::set(const TerminalSettings& settings) {
  bool was_canonical = is_canonical();
  settings_ = settings;
  if (was_canonical && !is_canonical()) {
    for (const std::string& line : lines_) raw_ += line;
    raw_ += line_;
    lines_.clear();
    line_.clear();
  } else if (!was_canonical && is_canonical() && !raw_.empty()) {
    // What was typed ahead becomes lines.
    usize start = 0;
    for (usize end; (end = raw_.find('\n', start)) != raw_.npos; start = end + 1) lines_.push_back(raw_.substr(start, end + 1 - start));
    line_ = raw_.substr(start);
    raw_.clear();
  }
}

}  // namespace pith::personality
