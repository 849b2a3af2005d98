// A dialogue over the console: numbered lines are typed, and the Linux environment answers each with its number and a checksum.
#pragma once
#include <string>
#include <string_view>

#include "tools/torture/results.h"

namespace pith::torture {

class Dialogue {
 public:
  /// What the environment's shell does.
  static constexpr char kCommand[] =
      "while read -r number; do echo \"line $number $(head -c 20000 /bin/busybox | sha256sum | cut -c 1-64)\"; done";

  explicit Dialogue(Results& results) : results_(results) {}

  /// What is to be typed now; nothing when enough is on its way.
  std::string next();
  /// One line of the environment's.
  void take_line(std::string_view line);

  u64 answers() const { return answered_; }

 private:
  static constexpr u64 kOnTheirWay = 3;

  Results& results_;
  u64 typed_ = 0, answered_ = 0;
  std::string sum_;  ///< the first one's, from before the first fault
};

}  // namespace pith::torture
