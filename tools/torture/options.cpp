// What the command line of pith-torture asks for.
#include "tools/torture/options.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

namespace pith::torture {

namespace {

const std::vector<std::string> kTargets = pieces_of(Options{}.targets);
const std::vector<std::string> kKinds{"kill", "hang", "bitflip", "instruction", "garbage"};

bool set_number(u64& target, const std::string& value, u64 least, u64 most) {
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), target);
  return error == std::errc() && end == value.data() + value.size() && target >= least && target <= most;
}

bool set_list(std::string& target, const std::string& value, const std::vector<std::string>& known) {
  target = value;
  return std::ranges::all_of(pieces_of(value), [&](const std::string& piece) { return std::ranges::count(known, piece) != 0; });
}

}  // namespace

std::vector<std::string> pieces_of(const std::string& list) {
  std::vector<std::string> pieces;
  for (usize start = 0; start <= list.size();) {
    usize end = std::min(list.find(',', start), list.size());
    pieces.push_back(list.substr(start, end - start));
    start = end + 1;
  }
  return pieces;
}

Options parse_options(const std::vector<std::string>& words) {
  Options options;
  auto text = [](std::string& target) { return [&target](const std::string& value) { return !(target = value).empty(); }; };
  const std::map<std::string, std::function<bool(const std::string&)>> with_value{
      {"--seed", [&](const std::string& value) { return options.has_seed = set_number(options.seed, value, 0, ~u64{0}); }},
      {"--faults", [&](const std::string& value) { return set_number(options.faults, value, 1, 1'000'000); }},
      {"--activated", [&](const std::string& value) { return set_number(options.activated, value, 1, 1'000'000); }},
      {"--targets", [&](const std::string& value) { return set_list(options.targets, value, kTargets); }},
      {"--kinds", [&](const std::string& value) { return set_list(options.kinds, value, kKinds); }},
      {"--cpus", [&](const std::string& value) { return set_number(options.cpus, value, 1, 64); }},
      {"--timeout", [&](const std::string& value) { return set_number(options.timeout, value, 1, 1'000'000); }},
      {"--json", text(options.json)},
      {"--plot", text(options.plot)},
      {"--page", text(options.page)},
      {"--log", text(options.log)},
      {"--build", text(options.build)},
  };
  for (usize i = 0; i < words.size() && options.problem.empty(); i++) {
    std::string word = words[i], value;
    if (word == "--help" || word == "-h") {
      options.wants_help = true;
      continue;
    }
    if (word == "--host-time") {
      options.uses_host_time = true;
      continue;
    }
    // Both `--option value` and `--option=value`.
    bool has_value = false;
    if (usize equals = word.find('='); equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
      has_value = true;
    } else if (i + 1 < words.size() && with_value.contains(word)) {
      value = words[++i];
      has_value = true;
    }
    auto found = with_value.find(word);
    if (found == with_value.end()) {
      options.problem = "unknown argument `" + word + "`";
    } else if (!has_value) {
      options.problem = word + " needs a value";
    } else if (!found->second(value)) {
      options.problem = "`" + value + "` is no value for " + word;
    }
  }
  return options;
}

std::string command_of(const Options& options) {
  std::string command =
      "./pith torture --seed " + std::to_string(options.seed) + " --faults " + std::to_string(options.faults) + " --kinds " + options.kinds;
  if (options.activated != 0) command += " --activated " + std::to_string(options.activated);
  if (options.timeout != 0) command += " --timeout " + std::to_string(options.timeout);
  if (options.targets != Options{}.targets) command += " --targets " + options.targets;
  if (options.cpus != 1) command += " --cpus " + std::to_string(options.cpus);
  if (options.uses_host_time) command += " --host-time";
  return command;
}

}  // namespace pith::torture
