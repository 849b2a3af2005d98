// Reads a plan's words.
#include "tests/fault/plan.h"

#include <iterator>

namespace pith::torture {

namespace {

u64 number_in(std::string_view text, u64 otherwise) {
  u64 value = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return otherwise;
    value = value * 10 + u64(digit - '0');
  }
  return text.empty() ? otherwise : value;
}

/// Takes the first of the pieces between commas off the list.
std::string_view take_piece(std::string_view& list) {
  std::string_view piece = list.substr(0, list.find(','));
  list.remove_prefix(piece.size() < list.size() ? piece.size() + 1 : list.size());
  return piece;
}

}  // namespace

std::string_view value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') return word.substr(name.size() + 1);
    text.remove_prefix(word.size() < text.size() ? word.size() + 1 : text.size());
  }
  return {};
}

bool Plan::has_target(std::string_view name) const {
  if (targets.empty()) return true;
  for (std::string_view list = targets; !list.empty();) {
    if (take_piece(list) == name) return true;
  }
  return false;
}

void read(std::string_view text, Plan& plan) {
  plan.seed = number_in(value_of(text, "seed"), plan.seed);
  plan.faults = number_in(value_of(text, "faults"), plan.faults);
  if (std::string_view targets = value_of(text, "targets"); !targets.empty()) plan.targets = targets;
  std::string_view kinds = value_of(text, "kinds");
  if (kinds.empty()) return;
  plan.kind_count = 0;
  while (!kinds.empty() && plan.kind_count < root::kFaults) {
    std::string_view kind = take_piece(kinds);
    for (u64 i = 1; i < root::kFaults; i++) {
      if (kFaultNames[i] == kind) plan.kinds[plan.kind_count++] = root::Fault(i);
    }
  }
}

}  // namespace pith::torture
