// Types and compares.
#include "tools/torture/dialogue.h"

#include <charconv>

namespace pith::torture {

std::string Dialogue::next() {
  std::string lines;
  while (typed_ < answered_ + kOnTheirWay) lines += std::to_string(++typed_) + "\n";
  return lines;
}

void Dialogue::take_line(std::string_view line) {
  constexpr std::string_view kStart = "line ";
  constexpr usize kSum = 64;
  u64 number = 0;
  const char* end = line.data() + line.size();
  const char* behind = line.data();
  if (line.starts_with(kStart)) behind = std::from_chars(line.data() + kStart.size(), end, number).ptr;
  if (behind == line.data() || usize(end - behind) != kSum + 1 || *behind != ' ')
    return results_.add_finding("console", "wrong", "the environment wrote `" + std::string(line) + "`");
  std::string sum(behind + 1, end);
  if (sum_.empty()) sum_ = sum;
  if (sum != sum_) results_.add_finding("linux", "wrong", "a checksum is wrong: " + std::string(line));
  if (number != answered_ + 1)
    results_.add_finding("console", number > answered_ ? "lost" : "doubled",
                         "line " + std::to_string(number) + " came behind line " + std::to_string(answered_));
  if (number > answered_ && number <= typed_) answered_ = number;
}

}  // namespace pith::torture
