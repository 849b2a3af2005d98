// What the command line of pith-launch asks for.
#include "tools/launch/options.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>

namespace pith::launch {

namespace {

using Setter = std::function<bool(const std::string&)>;

/// A whole number in the range, nothing else in the text.
std::optional<unsigned> number(const std::string& text, unsigned least, unsigned most) {
  char* end = nullptr;
  unsigned long value = strtoul(text.c_str(), &end, 10);
  if (text.empty() || text[0] < '0' || text[0] > '9' || *end != 0 || value < least || value > most) return {};
  return unsigned(value);
}

bool set_memory(Options& options, const std::string& value) {
  if (value.size() < 2 || (value.back() != 'M' && value.back() != 'G')) return false;
  if (!number(value.substr(0, value.size() - 1), 1, 1 << 20)) return false;
  options.memory = value;
  return true;
}

bool set_timeout(Options& options, const std::string& value) {
  char* end = nullptr;
  double seconds = strtod(value.c_str(), &end);
  if (value.empty() || *end != 0 || !(seconds > 0) || seconds > 1e6) return false;
  options.timeout = seconds;
  return true;
}

bool add_file(Options& options, const std::string& value) {
  auto equals = value.find('=');
  if (equals == 0 || equals == std::string::npos || value.size() - equals < 3 || value[equals + 1] != '/') return false;
  options.files.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  return true;
}

/// A file, or a block device of the host.
bool add_disk(Options& options, const std::string& value) {
  std::error_code error;
  if (!std::filesystem::exists(value, error)) return false;
  options.disks.push_back(value);
  return true;
}

/// A folder of the host's; `:ro` behind it: nothing there may be changed.
bool set_share(Options& options, const std::string& value) {
  constexpr std::string_view kReadOnly = ":ro";
  std::error_code error;
  options.share = value;
  options.is_share_read_only = value.ends_with(kReadOnly) && !std::filesystem::is_directory(value, error);
  if (options.is_share_read_only) options.share.resize(value.size() - kReadOnly.size());
  if (!std::filesystem::is_directory(options.share, error)) options.problem = "--share: there is no folder `" + options.share + "`";
  return !options.share.empty();
}

bool add_forward(Options& options, const std::string& value) {
  auto colon = value.find(':');
  if (colon == std::string::npos) return false;
  auto from = number(value.substr(0, colon), 1, 65535), to = number(value.substr(colon + 1), 1, 65535);
  if (!from || !to) return false;
  options.forwards.emplace_back(*from, *to);
  return true;
}

bool is_name(const std::string& value) {
  return !value.empty() && value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

bool set_number(unsigned& target, const std::string& value, unsigned most) {
  auto parsed = number(value, 1, most);
  if (parsed) target = *parsed;
  return parsed.has_value();
}

}  // namespace

Options parse_options(const std::vector<std::string>& words) {
  Options options;
  std::error_code error;
  options.build = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().parent_path().string();
  auto text = [](std::string& target) { return [&target](const std::string& value) { return !(target = value).empty(); }; };
  unsigned port = 0;
  const std::map<std::string, Setter> with_value{
      {"--exec", [&](const std::string& value) { return !(options.command = value)->empty(); }},
      {"--file", [&](const std::string& value) { return add_file(options, value); }},
      {"--disk", [&](const std::string& value) { return add_disk(options, value); }},
      {"--share", [&](const std::string& value) { return set_share(options, value); }},
      {"--forward", [&](const std::string& value) { return add_forward(options, value); }},
      {"--timeout", [&](const std::string& value) { return set_timeout(options, value); }},
      {"--system", [&](const std::string& value) { return is_name(options.system = value); }},
      {"--memory", [&](const std::string& value) { return set_memory(options, value); }},
      {"--cpus", [&](const std::string& value) { return set_number(options.cpus, value, 64); }},
      {"--arch", [&](const std::string& value) { return (options.arch = value) == "x86_64"; }},
      {"--gdb", [&](const std::string& value) { return set_number(port, value, 65535); }},
      {"--append", text(options.append)},
      {"--build", text(options.build)},
  };
  const std::map<std::string, std::function<void()>> alone{
      {"--icount", [&] { options.counts_instructions = true; }},
      {"--no-net", [&] { options.has_network = false; }},
      {"--parallel", [&] { options.is_parallel = true; }},
      {"--no-iommu", [&] { options.has_iommu = false; }},
      {"--debug", [&] { port = 1234; }},
      {"--help", [&] { options.wants_help = true; }},
      {"-h", [&] { options.wants_help = true; }},
  };
  for (size_t i = 0; i < words.size(); i++) {
    std::string word = words[i];
    if (word == "--") {
      options.qemu.assign(words.begin() + long(i) + 1, words.end());
      break;
    }
    if (auto found = alone.find(word); found != alone.end()) {
      found->second();
      continue;
    }
    // Both `--option value` and `--option=value`.
    std::optional<std::string> value;
    if (auto equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    } else if (i + 1 < words.size()) {
      value = words[i + 1];
    }
    auto found = with_value.find(word);
    if (found == with_value.end()) {
      options.problem = "unknown argument `" + word + "`";
    } else if (!value) {
      options.problem = word + " needs a value";
    } else if (!found->second(*value)) {
      options.problem = "`" + *value + "` is no value for " + word;
    } else if (words[i] == word) {
      i++;
    }
    if (!options.problem.empty()) break;
  }
  if (port != 0) options.debugger_port = std::to_string(port);
  return options;
}

}  // namespace pith::launch
