// Reads who has which ports, and answers that.
#include "servers/network/port_owners.h"

#include <charconv>

#include "abi/error.h"

namespace pith::network {

namespace {

constexpr u32 kFirstOfEverybody = 49152;

std::string_view word_of(std::string_view text) { return text.substr(0, text.find_first_of(" ,")); }

void skip(std::string_view& text, usize length) {
  text.remove_prefix(length);
  while (text.starts_with(' ')) text.remove_prefix(1);
}

/// All of `text` as a port that can have an owner.
Result<u32> port_of(std::string_view text) {
  u32 value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value >= kFirstOfEverybody) return Error::BadArgument;
  return value;
}

}  // namespace

Result<void> PortOwners::parse(std::string_view& text) {
  is_broken_ = true;
  while (word_of(text) == "ports") {
    if (count_ == kMost) return Error::BadArgument;
    Range range = {};
    skip(text, word_of(text).size());
    range.name = word_of(text);
    if (range.name.empty()) return Error::BadArgument;
    skip(text, range.name.size());
    std::string_view ports = word_of(text);
    usize hyphen = ports.find('-');
    range.first = range.last = TRY(port_of(ports.substr(0, hyphen)));
    if (hyphen != ports.npos) range.last = TRY(port_of(ports.substr(hyphen + 1)));
    if (range.last < range.first) return Error::BadArgument;
    skip(text, ports.size());
    if (!text.empty() && !text.starts_with(',')) return Error::BadArgument;
    if (!text.empty()) skip(text, 1);
    ranges_[count_++] = range;
  }
  is_broken_ = false;
  return {};
}

bool PortOwners::may_have(std::string_view name, u32 port) const {
  if (is_broken_) return false;
  bool is_owned = false;
  for (usize i = 0; i < count_; i++) {
    if (port < ranges_[i].first || port > ranges_[i].last) continue;
    if (ranges_[i].name == name) return true;
    is_owned = true;
  }
  return !is_owned;
}

}  // namespace pith::network
