// Reads a manifest's text: which keys there are, of what type, with which defaults.
#include "tools/manifest/reader.h"

#include <algorithm>

#include "tools/manifest/fields.h"

namespace pith::manifest {

std::optional<u64> Fields::pages(std::string_view key) {
  const toml::node* node = get(key);
  if (!node) return {};
  constexpr std::string_view expected = "a size in whole pages of 4 KiB, as in \"64 KiB\", \"2 MiB\" or \"1 GiB\"";
  const auto* value = node->as_string();
  if (!value) return wrong(key, *node, expected);
  std::string_view size = value->get();
  u64 number = 0;
  usize digits = 0;
  while (digits < size.size() && digits < 9 && size[digits] >= '0' && size[digits] <= '9') number = number * 10 + u64(size[digits++] - '0');
  std::string_view unit = size.substr(digits);
  if (!unit.empty() && unit[0] == ' ') unit.remove_prefix(1);
  u64 scale = unit == "KiB" ? 1 : unit == "MiB" ? 1024 : unit == "GiB" ? 1024 * 1024 : 0;
  if (digits == 0 || scale == 0 || number * scale % 4 != 0) return wrong(key, *node, expected);
  return number * scale / 4;
}

namespace {

constexpr u32 kMostCpus = 64;
constexpr u32 kMostMilliseconds = 60'000;
constexpr u32 kShortestWatchdog = 2400;  // the ICH9's: drivers/watchdog/ich9_tco

void read_memory(const toml::table& table, const std::string& what, Memory& memory, Problems& problems) {
  Fields fields(table, "memory of " + what, problems);
  memory.line = fields.line();
  memory.heap = fields.pages("heap").value_or(memory.heap);
  memory.stack = fields.pages("stack").value_or(memory.stack);
  memory.vault = fields.pages("vault").value_or(memory.vault);
  memory.undo_log = fields.pages("undo_log").value_or(memory.undo_log);
  memory.pool = fields.pages("pool").value_or(memory.pool);
  fields.finish();
}

void read_time(const toml::table& table, const std::string& what, Time& time, Problems& problems) {
  constexpr u64 kMostMicroseconds = 10'000'000;
  Fields fields(table, "time of " + what, problems);
  time.line = fields.line();
  time.priority = u32(fields.number("priority", 0, kPriorities - 1).value_or(time.priority));
  time.ceiling = u32(fields.number("ceiling", 0, kPriorities - 1).value_or(time.priority));
  auto budget = fields.number("budget_us", 1, kMostMicroseconds);
  auto period = fields.number("period_us", 1, kMostMicroseconds);
  if (budget.has_value() != period.has_value()) {
    problems.add(time.line, what, " has a budget or a period alone: `budget_us` and `period_us` go together");
  } else if (budget) {
    time.budget = *budget * 1000;
    time.period = *period * 1000;
    time.has_budget = true;
  }
  time.share = u32(fields.number("share", 1, kMostCpus * 100).value_or(0));
  // Its one thread may use all of the share.
  if (time.share != 0 && time.share < 100 && !time.has_budget) time.budget = time.period / 100 * time.share;
  if (auto cpu = fields.number("cpu", 0, kMostCpus - 1)) time.cpu = u32(*cpu);
  fields.finish();
}

/// A pair [first, count] with first ≤ `most_first` and count from 1 on.
bool read_pair(const toml::node& node, u64 most_first, std::vector<Range>& ranges) {
  const toml::array* pair = node.as_array();
  if (!pair || pair->size() != 2) return false;
  auto first = Fields::number_of(*pair->get(0), 0, most_first);
  auto count = Fields::number_of(*pair->get(1), 1, u64{1} << 32);
  if (!first || !count) return false;
  ranges.push_back({*first, *count, line_of(node)});
  return true;
}

void read_devices(const toml::table& table, const std::string& what, Devices& devices, Problems& problems) {
  Fields fields(table, "devices of " + what, problems);
  auto interrupt = [&](const toml::node& node) {
    auto line = Fields::number_of(node, 0, 1023);
    if (line) devices.interrupts.push_back({*line, 1, line_of(node)});
    return line.has_value();
  };
  if (const toml::node* node = fields.get("interrupt"); node && !node->is_array()) {
    if (!interrupt(*node)) fields.wrong("interrupt", *node, "the number of an interrupt line, or several in []");
  } else {
    fields.each("interrupt", "the number of an interrupt line, or several in []", interrupt);
  }
  fields.each("ports", "pairs of the first port and a count, as in [[0x3f8, 8]]",
              [&](const toml::node& node) { return read_pair(node, 0xffff, devices.ports); });
  fields.each("memory", "pairs of a physical address and a number of pages, as in [[0xfe000000, 1]]",
              [&](const toml::node& node) { return read_pair(node, (u64{1} << 52) - 1, devices.memory); });
  if (auto pci = fields.string("pci")) {
    PciDevice device{.line = pci->line};
    int end = 0;
    int found = sscanf(pci->value.c_str(), "%4x:%4x%n/%u%n", &device.vendor, &device.device, &end, &device.number, &end);
    if (found < 2 || usize(end) != pci->value.size() || device.number > 31)
      fields.wrong(
          "pci", *fields.get("pci"),
          "vendor and device in hexadecimal, as in \"1af4:1042\", of several alike with their number from 0 on, as in \"1af4:1042/1\"");
    else
      devices.pci = device;
  }
  fields.finish();
}

SharedMemory read_shared_memory(const toml::table& table, Problems& problems) {
  SharedMemory memory;
  Fields fields(table, "a [[memory]]", problems);
  memory.line = fields.line();
  memory.name = fields.string("name").value_or(Name{});
  memory.owner = fields.string("owner").value_or(Name{});
  memory.pages = fields.pages("size").value_or(0);
  fields.each("shared_with", "names of components, as in [\"disk\"]", [&](const toml::node& node) {
    const auto* value = node.as_string();
    if (value) memory.shared_with.push_back({value->get(), line_of(node)});
    return value != nullptr;
  });
  for (const char* key : {"name", "owner", "size"}) {
    if (!table.get(key)) problems.add(memory.line, "a [[memory]] without `", key, "`");
  }
  fields.finish();
  return memory;
}

void read_restart(Fields& fields, Component& component, Problems& problems) {
  auto restart = fields.string("restart");
  if (!restart) return;
  if (restart->value == "always") {
    component.restart = image::Restart::Always;
  } else if (restart->value == "never") {
    component.restart = image::Restart::Never;
  } else {
    problems.add(restart->line, "`restart` is \"always\" or \"never\", not \"", restart->value, "\"");
  }
}

Group read_group(const toml::table& table, Problems& problems) {
  constexpr u64 kLongestPeriod = 3'600'000, kNanoseconds = 1'000'000;
  Group group;
  std::string what = "group";
  if (auto name = table.get("name"); name && name->is_string()) what += " `" + name->as_string()->get() + "`";
  Fields fields(table, what, problems);
  group.line = fields.line();
  group.name = fields.string("name").value_or(Name{});
  if (!table.get("name")) problems.add(group.line, "a group without a `name`");
  group.parent = fields.string("parent").value_or(Name{});
  group.restarts = u32(fields.number("restarts", 1, image::kMostRestarts).value_or(group.restarts));
  group.period = fields.number("period_ms", 1, kLongestPeriod).value_or(group.period / kNanoseconds) * kNanoseconds;
  if (auto strategy = fields.string("strategy")) {
    const auto* known = std::ranges::find(kStrategies, strategy->value);
    if (known == std::end(kStrategies)) {
      problems.add(strategy->line, "`strategy` is \"one\", \"all\" or \"rest\", not \"", strategy->value, "\"");
    } else {
      group.strategy = image::Strategy(known - kStrategies);
    }
  }
  fields.finish();
  return group;
}

/// The outermost group first, where it is not written down with its defaults; then each behind its parent, as the image wants them. Those
/// whose parents lead nowhere come last.
std::vector<Group> sorted(std::vector<Group> groups) {
  std::vector<Group> result;
  auto move_where = [&](auto is_wanted) {
    auto found = std::ranges::find_if(groups, is_wanted);
    if (found == groups.end()) return false;
    result.push_back(*found);
    groups.erase(found);
    return true;
  };
  if (!move_where([](const Group& group) { return group.name.value == kOutermostGroup; })) {
    result.emplace_back();
    result[0].name.value = kOutermostGroup;
  }
  auto is_next = [&](const Group& group) {
    return group.parent.value.empty() ||
           std::ranges::any_of(result, [&](const Group& one) { return one.name.value == group.parent.value; });
  };
  while (move_where(is_next)) {
  }
  result.insert(result.end(), groups.begin(), groups.end());
  return result;
}

Component read_component(const toml::table& table, Problems& problems) {
  Component component;
  std::string what = "component";
  if (auto name = table.get("name"); name && name->is_string()) what += " `" + name->as_string()->get() + "`";
  Fields fields(table, what, problems);
  component.line = fields.line();
  if (auto name = fields.string("name")) {
    component.name = *name;
  } else if (!table.get("name")) {
    problems.add(component.line, "a component without a `name`");
  }
  component.program = fields.string("program").value_or(component.name);
  component.update = fields.string("update").value_or(Name{});
  component.module = fields.string("module").value_or(Name{});
  if (const toml::table* memory = fields.table("memory")) read_memory(*memory, what, component.memory, problems);
  if (const toml::table* time = fields.table("time")) read_time(*time, what, component.time, problems);
  if (const toml::table* devices = fields.table("devices")) read_devices(*devices, what, component.devices, problems);
  component.provides = fields.boolean("provides").value_or(false);
  fields.each("uses", "names of services, as in [\"log\"]", [&](const toml::node& node) {
    const auto* value = node.as_string();
    if (value) component.uses.push_back({value->get(), line_of(node)});
    return value != nullptr;
  });
  read_restart(fields, component, problems);
  component.heartbeat = u32(fields.number("heartbeat_ms", 0, kMostMilliseconds).value_or(0));
  if (const toml::node* node = fields.get("heartbeat_ms")) component.heartbeat_line = line_of(*node);
  component.group = fields.string("group").value_or(Name{});
  for (Authority authority : kAuthorities) {
    const toml::node* node = fields.get(key_of(authority));
    if (fields.boolean(key_of(authority)).value_or(false)) component.authorities.push_back({authority, line_of(*node)});
  }
  component.arguments = fields.string("arguments").value_or(Name{}).value;
  fields.finish();
  return component;
}

}  // namespace

Manifest read_manifest(std::string_view source, Problems& problems) {
  Manifest manifest;
  toml::parse_result parsed = toml::parse(source);
  if (!parsed) {
    problems.add(parsed.error().source().begin.line, parsed.error().description());
    return manifest;
  }
  Fields fields(parsed.table(), "the manifest", problems);
  if (const toml::table* system = fields.table("system")) {
    Fields keys(*system, "[system]", problems);
    manifest.name = keys.string("name").value_or(Name{});
    manifest.root = keys.string("root").value_or(manifest.root);
    manifest.cpus = u32(keys.number("cpus", 1, kMostCpus).value_or(manifest.cpus));
    manifest.watchdog = u32(keys.number("watchdog_ms", kShortestWatchdog, kMostMilliseconds).value_or(0));
    manifest.memory_line = keys.line();
    manifest.memory_pages = keys.pages("memory").value_or(0);
    if (!keys.get("name")) problems.add(keys.line(), "[system] has no `name`");
    if (!keys.get("memory")) problems.add(keys.line(), "[system] has no `memory`: how much the machine must have");
    keys.finish();
  } else if (!fields.get("system")) {
    problems.add(1, "there is no table [system]");
  }
  fields.each("component", "tables, as in [[component]]", [&](const toml::node& node) {
    if (node.is_table()) manifest.components.push_back(read_component(*node.as_table(), problems));
    return node.is_table();
  });
  std::vector<Group> groups;
  fields.each("group", "tables, as in [[group]]", [&](const toml::node& node) {
    if (node.is_table()) groups.push_back(read_group(*node.as_table(), problems));
    return node.is_table();
  });
  manifest.groups = sorted(groups);
  fields.each("memory", "tables, as in [[memory]]", [&](const toml::node& node) {
    if (node.is_table()) manifest.memories.push_back(read_shared_memory(*node.as_table(), problems));
    return node.is_table();
  });
  fields.finish();
  return manifest;
}

}  // namespace pith::manifest
