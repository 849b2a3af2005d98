// Reading cases: a word that says what the line is, then numbers; `@NAME+OFFSET` is the address of an object.
#include "verify/replay/case.h"

#include <sstream>
#include <stdexcept>

namespace pith::replay {

const ReplayObject* object_named(const std::string& name) {
  for (const ReplayObject* object = replay_objects; object->name != nullptr; object++) {
    if (name == object->name) return object;
  }
  return nullptr;
}

namespace {

std::uint64_t number_of(const std::string& word) {
  if (!word.starts_with("@")) return std::stoull(word);
  std::size_t plus = word.find('+');
  const ReplayObject* object = object_named(word.substr(1, plus - 1));
  if (object == nullptr) throw std::runtime_error("an address in an unknown object: " + word);
  return object->address + std::stoull(word.substr(plus + 1));
}

std::optional<std::uint64_t> number_or_anything(const std::string& word) {
  if (word == "?") return {};
  return number_of(word);
}

std::optional<Cell> cell_of(std::istringstream& words) {
  std::string object, value;
  Cell cell{};
  words >> object >> cell.offset >> cell.size >> value >> cell.label;
  cell.object = object_named(object);
  if (cell.object == nullptr) return {};
  if (!words || cell.size > 8 || cell.offset + cell.size > cell.object->size) throw std::runtime_error("no such field: " + cell.label);
  cell.value = number_of(value);
  return cell;
}

void read_line(Case& one, const std::string& what, std::istringstream& words) {
  std::string word;
  auto next = [&] { return words >> word, word; };
  if (what == "run")
    one.function = next();
  else if (what == "argument")
    one.arguments.push_back(number_of(next()));
  else if (what == "cpu")
    one.own_cpu = number_of(next());
  else if (what == "cut")
    one.cuts.push_back(next());
  else if (what == "answer")
    one.answers.push_back(number_of(next()));
  else if (what == "ends")
    one.end = next();
  else if (what == "passes")
    one.passed.push_back(number_or_anything(next()));
  else if (what == "returns")
    one.returned = number_or_anything(next());
  else if (what == "clears")
    one.cleared.push_back(number_of(next()));
  else if (what == "breaks")
    std::getline(words >> std::ws, one.obligation);
  else if (what == "before" || what == "after") {
    if (std::optional<Cell> cell = cell_of(words)) (what == "before" ? one.before : one.after).push_back(*cell);
  } else if (what == "falsifies") {
    one.broken = Question{next(), {}};
    while (words >> word) one.broken->arguments.push_back(number_of(word));
  } else {
    throw std::runtime_error("unknown word: " + what);
  }
}

}  // namespace

std::optional<Case> read_case(std::istream& text) {
  Case one;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string what;
    if (!(words >> what)) continue;
    if (what == "end") return one;
    if (what == "case")
      words >> one.name;
    else
      read_line(one, what, words);
  }
  return {};
}

}  // namespace pith::replay
