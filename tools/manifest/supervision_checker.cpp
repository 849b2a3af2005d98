// Whether the supervision tree is one, and whether those whose heartbeat is watched can be watched: by somebody, who gets to run when they
// spin.
#include <algorithm>
#include <set>

#include "tools/manifest/checker.h"

namespace pith::manifest {

namespace {

/// The component that looks at the others, or null.
const Component* supervisor_of(const Manifest& manifest) {
  for (const Component& component : manifest.components) {
    if (component.has(Authority::Faults) && component.has(Authority::Control)) return &component;
  }
  return nullptr;
}

/// Which components' calls end, directly or through others, at `server`; itself among them. Faults are left out: they are not calls that a
/// server could spin in.
std::vector<bool> callers_of(const Manifest& manifest, const Component& server) {
  std::vector<bool> calls(manifest.components.size());
  calls[usize(&server - manifest.components.data())] = true;
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (usize i = 0; i < calls.size(); i++) {
      if (calls[i]) continue;
      calls[i] = std::ranges::any_of(manifest.components[i].uses, [&](const Name& use) {
        int provider = manifest.find(use.value);
        return provider >= 0 && calls[usize(provider)];
      });
      has_grown = has_grown || calls[i];
    }
  }
  return calls;
}

/// A server runs on the time of who waits for it: one that spins would keep a watcher of lower priority from ever seeing it.
void check_priorities(const Manifest& manifest, const Component& watched, const std::string& watcher, u32 priority, Problems& problems) {
  std::vector<bool> callers = callers_of(manifest, watched);
  for (usize i = 0; i < callers.size(); i++) {
    const Component& caller = manifest.components[i];
    if (!callers[i] || caller.time.ceiling < priority) continue;
    problems.add(caller.time.line != 0 ? caller.time.line : caller.line, "`", caller.name.value, "` of priority ", caller.time.ceiling,
                 &caller == &watched ? text(" has a heartbeat") : text(" calls `", watched.name.value, "`, which has a heartbeat"),
                 ": its priority must be below that of `", watcher, "`, ", priority, ", who could not see it hang");
    return;
  }
}

void check_groups(const Manifest& manifest, Problems& problems) {
  std::set<std::string> parents, names;
  for (const Component& component : manifest.components) parents.insert(component.group.value);
  for (const Group& group : manifest.groups) parents.insert(group.parent.value);
  for (usize i = 0; i < manifest.groups.size(); i++) {
    const Group& group = manifest.groups[i];
    const std::string& name = group.name.value;
    check_name(group.name, "group name", problems);
    if (!names.insert(name).second) problems.add(group.line, "two groups are called `", name, "`");
    if (i == 0) {
      if (!group.parent.value.empty()) problems.add(group.parent.line, "`", name, "` is the outermost group: it has no `parent`");
      continue;
    }
    int parent = manifest.find_group(group.parent.value);
    if (parent < 0) {
      problems.add(group.parent.line, "the parent of `", name, "` is `", group.parent.value, "`, and no group is called so");
    } else if (usize(parent) >= i) {
      problems.add(group.parent.line, "group `", name, "` is in `", group.parent.value, "`, which is in the end in `", name,
                   "` or in a circle of others");
    }
    if (!parents.contains(name)) problems.add(group.line, "nothing is in group `", name, "`");
  }
  if (manifest.groups.size() > image::kMostGroups) {
    problems.add(manifest.groups.back().line, "there are ", manifest.groups.size() - 1, " groups; ", image::kMostGroups - 1,
                 " are possible");
  }
  for (const Component& component : manifest.components) {
    const Name& group = component.group;
    if (manifest.find_group(group.value) < 0)
      problems.add(group.line, "`", component.name.value, "` is in group `", group.value, "`, and no group is called so");
  }
}

}  // namespace

void check_supervision(const Manifest& manifest, Problems& problems) {
  check_groups(manifest, problems);
  const Component* supervisor = supervisor_of(manifest);
  for (const Component& component : manifest.components) {
    if (component.heartbeat == 0) continue;
    const std::string& name = component.name.value;
    u32 line = component.heartbeat_line;
    if (component.heartbeat == 1)
      problems.add(line, "the `heartbeat_ms` of `", name, "` is 0 or at least 2: it is looked at twice in that time");
    if (component.has(Authority::OwnMemory)) {
      problems.add(line, "`", name,
                   "` has a heartbeat and makes threads of its own: what its first thread waits for would look like a hang");
    }
    if (!supervisor) {
      problems.add(line, "`", name, "` has a heartbeat, and no component has `faults` and `control` to watch it");
    } else if (&component == supervisor) {
      check_priorities(manifest, component, "root", kRootPriority, problems);
    } else {
      check_priorities(manifest, component, supervisor->name.value, supervisor->time.priority, problems);
    }
  }
}

}  // namespace pith::manifest
