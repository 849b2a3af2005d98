// Words of a component's arguments that say one thing each: KEY=VALUE, separated by blanks.
#pragma once
#include "lib/start.h"

namespace pith {

/// What follows `key` in the component's arguments; `otherwise` if it is not there.
inline std::string_view argument(std::string_view key, std::string_view otherwise) {
  std::string_view rest = arguments();
  while (!rest.empty()) {
    usize end = rest.find(' ');
    std::string_view word = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    if (word.starts_with(key)) return word.substr(key.size());
  }
  return otherwise;
}

/// A small number in decimal digits; 0 where it is none.
inline u32 number_of(std::string_view text) {
  u32 number = 0;
  for (char digit : text) number = digit >= '0' && digit <= '9' && number < 1000 ? number * 10 + u32(digit - '0') : 0;
  return number;
}

}  // namespace pith
