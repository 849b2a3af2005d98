// Searches the symbol module.
#include "servers/supervisor/symbols.h"

#include <charconv>

namespace pith::supervisor {

namespace {

constexpr std::string_view kHeading = "component ", kNextHeading = "\ncomponent ";

std::string_view take_line(std::string_view& text) {
  usize end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// A hexadecimal number and the blank behind it.
bool take_number(std::string_view& line, u64& number) {
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number, 16);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(usize(end - line.data()) + 1);
  return true;
}

}  // namespace

Symbols Symbols::of(std::string_view component) const {
  for (std::string_view rest = text_; !rest.empty();) {
    std::string_view line = take_line(rest);
    usize end = rest.starts_with(kHeading) ? 0 : rest.find(kNextHeading);
    if (line.starts_with(kHeading) && line.substr(kHeading.size()) == component) return Symbols(rest.substr(0, end));
    rest.remove_prefix(end == 0 ? 0 : end == std::string_view::npos ? rest.size() : end + 1);
  }
  return Symbols({});
}

Symbols::Place Symbols::find(u64 address) const {
  for (std::string_view rest = text_; !rest.empty();) {
    std::string_view line = take_line(rest);
    u64 start = 0, size = 0;
    if (!take_number(line, start) || !take_number(line, size)) continue;
    // Functions of the assembler have no size: their first instruction alone is theirs.
    if (address - start < (size ? size : 1)) return {line, address - start};
  }
  return {};
}

}  // namespace pith::supervisor
