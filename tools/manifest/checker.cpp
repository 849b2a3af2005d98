// Whether a manifest means something that can be granted: names, graph, devices, budgets.
#include "tools/manifest/checker.h"

#include <algorithm>
#include <map>
#include <string>

#include "abi/vault.h"

namespace pith::manifest {

namespace {

constexpr usize kNameLength = sizeof(image::Component::name) - 1;

bool is_good_name(const std::string& name) {
  auto is_good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kNameLength && name[0] >= 'a' && name[0] <= 'z' && std::ranges::all_of(name, is_good);
}

}  // namespace

void check_name(const Name& name, const char* what, Problems& problems) {
  if (is_good_name(name.value)) return;
  problems.add(name.line, what, " `", name.value, "` must be 1 to ", kNameLength, " characters a-z 0-9 _ - and begin with a letter");
}

namespace {

void check_names(const Manifest& manifest, Problems& problems) {
  check_name(manifest.name, "the system's name", problems);
  check_name(manifest.root, "root's program", problems);
  // A test program in root's place may be all there is.
  if (manifest.components.empty() && manifest.root.value == Manifest{}.root.value)
    problems.add(0, "no [[component]]: a system of root alone does nothing");
  std::map<std::string, u32> lines;
  for (const Component& component : manifest.components) {
    const Name& name = component.name;
    check_name(name, "component name", problems);
    check_name(component.program, "program name", problems);
    if (!component.module.value.empty()) check_name(component.module, "module name", problems);
    if (!component.update.value.empty()) check_name(component.update, "program name", problems);
    if (name.value == "root") problems.add(name.line, "`root` is the component that every system has: it is not written down");
    if (auto [other, is_new] = lines.emplace(name.value, name.line); !is_new) {
      problems.add(name.line, "two components are called `", name.value, "` (the other in line ", other->second, ")");
    }
    if (component.arguments.size() >= sizeof(image::Component::arguments)) {
      problems.add(component.line, "`arguments` of `", name.value, "` are longer than ", sizeof(image::Component::arguments) - 1, " bytes");
    }
  }
}

void check_uses(const Manifest& manifest, Problems& problems) {
  for (const Component& component : manifest.components) {
    std::map<std::string, u32> seen;
    for (const Name& use : component.uses) {
      int provider = manifest.find(use.value);
      if (!seen.emplace(use.value, use.line).second) {
        problems.add(use.line, "`", component.name.value, "` uses `", use.value, "` twice");
      } else if (provider < 0) {
        problems.add(use.line, "`", component.name.value, "` uses `", use.value, "`, and no component is called so");
      } else if (!manifest.components[usize(provider)].provides) {
        problems.add(use.line, "`", component.name.value, "` uses `", use.value, "`, which provides no service that could be granted");
      }
    }
  }
}

int fault_handler_of(const Manifest& manifest) {
  for (usize i = 0; i < manifest.components.size(); i++) {
    if (manifest.components[i].has(Authority::Faults)) return int(i);
  }
  return -1;
}

/// Depth-first search for a component that would wait for itself.
class CycleSearch {
 public:
  CycleSearch(const Manifest& manifest, Problems& problems)
      : manifest_(manifest), problems_(problems), graph_(call_graph(manifest)), states_(graph_.size(), State::New) {}

  void run() {
    for (usize i = 0; i < graph_.size(); i++) visit(int(i));
  }

 private:
  enum class State { New, OnPath, Done };

  void visit(int node) {
    if (states_[usize(node)] != State::New) return;
    states_[usize(node)] = State::OnPath;
    path_.push_back(node);
    for (int next : graph_[usize(node)]) {
      if (states_[usize(next)] == State::OnPath) report(next);
      visit(next);
    }
    path_.pop_back();
    states_[usize(node)] = State::Done;
  }

  void report(int first) {
    std::string circle;
    for (auto at = std::ranges::find(path_, first); at != path_.end(); ++at) circle += name(*at) + " → ";
    const Component& last = manifest_.components[usize(path_.back())];
    u32 line = last.line;
    for (const Name& use : last.uses) {
      if (use.value == name(first)) line = use.line;
    }
    bool has_faults = fault_handler_of(manifest_) == first;
    problems_.add(line, "calls go round in a circle, so a component could wait for itself: ", circle, name(first),
                  has_faults ? " (the last step is a fault: every component's faults are calls to the fault handler)" : "");
  }

  const std::string& name(int index) const { return manifest_.components[usize(index)].name.value; }

  const Manifest& manifest_;
  Problems& problems_;
  std::vector<std::vector<int>> graph_;
  std::vector<State> states_;
  std::vector<int> path_;
};

void check_authorities(const Manifest& manifest, Problems& problems) {
  std::map<Authority, std::string> holders;
  for (const Component& component : manifest.components) {
    for (auto [authority, line] : component.authorities) {
      if (authority == Authority::OwnMemory || authority == Authority::Platform) continue;
      if (authority == Authority::FaultInjection && manifest.root.value == "root")
        problems.add(line, "`fault_injection` needs a root that can do that: `root = \"injecting_root\"` in [system]");
      auto [holder, is_first] = holders.emplace(authority, component.name.value);
      if (!is_first)
        problems.add(line, "`", key_of(authority), "` is held by `", holder->second, "` already, and one component may hold it");
    }
    if (component.memory.pool != 0 && !component.has(Authority::OwnMemory)) {
      problems.add(component.memory.line, "`", component.name.value, "` has a `pool` but not `own_memory = true`, so it could not use it");
    }
    if (component.memory.stack == 0) problems.add(component.memory.line, "`", component.name.value, "` has no stack");
    usize grants = component.uses.size() + component.devices.interrupts.size() + component.devices.ports.size() +
                   component.devices.memory.size() + component.authorities.size() + (component.devices.pci ? 1 : 0) +
                   manifest.doorbells_of(manifest.find(component.name.value)).size();
    if (grants > image::kComponentGrants) {
      problems.add(component.line, "`", component.name.value, "` would get ", grants, " grants; ", image::kComponentGrants,
                   " are possible");
    }
  }
}

/// What is wrong with one component's time by itself.
void check_own_time(const Manifest& manifest, const Component& component, u32 line, Problems& problems) {
  constexpr u64 kShortestBudget = 10'000;  // the kernel's
  const Time& time = component.time;
  const std::string& name = component.name.value;
  if (time.priority > time.ceiling) {
    problems.add(line, "priority ", time.priority, " of `", name, "` is above its own ceiling of ", time.ceiling);
  }
  if (time.budget > time.period) {
    problems.add(line, "the budget of `", name, "` is longer than its period: no processor has that much time");
  } else if (time.budget < kShortestBudget) {
    problems.add(line, "the budget of `", name, "` is shorter than the kernel's shortest of 10 µs");
  } else if (time.share != 0 && time.budget * 100 > time.share * time.period) {
    problems.add(line, "the budget of `", name, "` is more than its `share` of ", time.share, " % of a processor");
  }
  if (time.share != 0 && component.has(Authority::OwnMemory) && !time.has_budget) {
    problems.add(line, "`", name,
                 "` has a `share` and makes threads of its own: `budget_us` and `period_us` must say what its first thread has of it");
  }
  if (time.cpu && *time.cpu >= manifest.cpus) {
    problems.add(line, "`", name, "` runs on cpu ", *time.cpu, ", and the system has ", manifest.cpus, " (`cpus` in [system])");
  }
}

/// What a component takes of a processor at most, 0 where nothing limits it.
double load_of(const Time& time) {
  if (time.share != 0) return time.share / 100.0;
  return time.is_limited() ? double(time.budget) / double(time.period) : 0;
}

void check_time(const Manifest& manifest, Problems& problems) {
  std::map<u32, double, std::greater<>> load;
  std::map<u32, u32> lines;
  for (const Component& component : manifest.components) {
    const Time& time = component.time;
    u32 line = time.line != 0 ? time.line : component.line;
    check_own_time(manifest, component, line, problems);
    if (load_of(time) == 0) continue;
    load[time.priority] += load_of(time);
    lines[time.priority] = line;
  }
  double sum = 0;
  for (auto [priority, part] : load) {
    sum += part;
    if (sum <= manifest.cpus + 1e-9) continue;
    problems.add(lines[priority], "time is overcommitted: budgets and shares of priority ", priority, " and above add up to ",
                 int(sum * 100 + 0.5), " % of a processor", manifest.cpus > 1 ? text("; there are ", manifest.cpus) : "");
    return;
  }
}

}  // namespace

std::vector<std::vector<int>> call_graph(const Manifest& manifest) {
  std::vector<std::vector<int>> graph(manifest.components.size());
  int handler = fault_handler_of(manifest);
  for (usize i = 0; i < graph.size(); i++) {
    for (const Name& use : manifest.components[i].uses) {
      if (int provider = manifest.find(use.value); provider >= 0) graph[i].push_back(provider);
    }
    if (handler >= 0 && handler != int(i) && std::ranges::find(graph[i], handler) == graph[i].end()) graph[i].push_back(handler);
  }
  return graph;
}

void check_devices(const Manifest& manifest, Problems& problems);
void check_supervision(const Manifest& manifest, Problems& problems);
void check_shared_memory(const Manifest& manifest, Problems& problems);

/// Root sees both through its window when it rolls a vault back.
void check_vaults(const Manifest& manifest, Problems& problems) {
  constexpr u64 kLeast = (vault::kFirstEntry - vault::kLogAddress) / kPageSize + 1, kMost = 4096;
  for (const Component& component : manifest.components) {
    const Memory& memory = component.memory;
    if (!component.update.value.empty() && memory.vault != 0 && memory.undo_log == 0)
      problems.add(component.update.line, "`", component.name.value,
                   "` has an `update`, but no `undo_log`: its vault may be cut off anywhere");
    if (memory.undo_log == 0) continue;
    if (memory.vault == 0) problems.add(memory.line, "component ", component.name.value, " has an `undo_log`, but no `vault`");
    if (memory.undo_log < kLeast)
      problems.add(memory.line, "the `undo_log` of ", component.name.value, " is at least ", kLeast * 4, " KiB");
    if (memory.vault + memory.undo_log > kMost)
      problems.add(memory.line, "`vault` and `undo_log` of ", component.name.value, " are at most ", kMost * 4, " KiB together");
  }
}

void check_manifest(const Manifest& manifest, Problems& problems) {
  check_names(manifest, problems);
  check_uses(manifest, problems);
  CycleSearch(manifest, problems).run();
  check_authorities(manifest, problems);
  check_devices(manifest, problems);
  check_time(manifest, problems);
  check_vaults(manifest, problems);
  check_supervision(manifest, problems);
  check_shared_memory(manifest, problems);
}

void check_memory(const Manifest& manifest, u64 program_pages, u64 image_pages, Problems& problems) {
  u64 budgets = 0;
  for (const Component& component : manifest.components) budgets += component.memory.total();
  for (const SharedMemory& memory : manifest.memories) budgets += memory.pages;
  u64 sum = budgets + program_pages + image_pages;
  if (sum <= manifest.memory_pages) return;
  auto mib = [](u64 pages) { return (pages + 255) / 256; };
  problems.add(manifest.memory_line, "memory is overcommitted: heaps, stacks, vaults, pools and what is shared of ", mib(budgets),
               " MiB, programs of ", mib(program_pages), " MiB and an image of ", mib(image_pages), " MiB make ", mib(sum),
               " MiB; the system has ", mib(manifest.memory_pages), " MiB");
}

}  // namespace pith::manifest
