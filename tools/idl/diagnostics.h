// Places in interface files and the complaints about them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pith::idl {

/// A place in an interface file; lines and columns count from 1, columns in characters.
struct Location {
  std::string file;
  uint32_t line = 1;
  uint32_t column = 1;
};

/// All that is wrong with the input, in the order in which it was found.
class Diagnostics {
 public:
  void report(const Location& where, const std::string& message) {
    messages_.push_back(where.file + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + message);
  }
  bool has_errors() const { return !messages_.empty(); }
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  std::vector<std::string> messages_;
};

}  // namespace pith::idl
