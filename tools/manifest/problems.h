// What is wrong with an input, as file, line and reason: all of it is collected before anything is refused.
#pragma once
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace pith::manifest {

/// The parts, printed one after the other.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// One thing that is wrong; line 0 means the file as a whole.
struct Problem {
  std::string file;
  u32 line;
  std::string reason;
};

/// Everything that was found wrong so far.
class Problems {
 public:
  explicit Problems(std::string_view file) : file_(file) {}

  /// Records a problem of the manifest at `line`.
  template <class... Parts>
  void add(u32 line, const Parts&... reason) {
    list_.push_back({file_, line, text(reason...)});
  }
  /// Records a problem of another file.
  template <class... Parts>
  void add_for(std::string_view file, const Parts&... reason) {
    list_.push_back({std::string(file), 0, text(reason...)});
  }

  bool is_empty() const { return list_.empty(); }
  const std::vector<Problem>& list() const { return list_; }

 private:
  std::string file_;
  std::vector<Problem> list_;
};

/// `file:line: reason`, one a line, in the order in which they were found.
inline std::ostream& operator<<(std::ostream& out, const Problems& problems) {
  for (const Problem& problem : problems.list()) {
    out << problem.file;
    if (problem.line != 0) out << ":" << problem.line;
    out << ": " << problem.reason << "\n";
  }
  return out;
}

}  // namespace pith::manifest
