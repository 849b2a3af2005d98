// A system as its manifest describes it: components, their budgets, and what each may reach.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "abi/boot_image.h"
#include "abi/types.h"

namespace pith::manifest {

/// Root runs above every component, because it stops and starts them.
inline constexpr u32 kRootPriority = 60;

/// A name from the manifest and the line on which it stands.
struct Name {
  std::string value;
  u32 line = 0;
};

/// `count` units (ports or pages) from `first` on, or one interrupt line.
struct Range {
  u64 first = 0;
  u64 count = 1;
  u32 line = 0;
};

/// Memory in pages, as in image::Component.
struct Memory {
  u64 heap = 0, stack = 16, vault = 0, undo_log = 0, pool = 0;
  u32 line = 0;
  u64 total() const { return heap + stack + vault + undo_log + pool; }
};

/// Time as in image::Component; budget and period in nanoseconds. A budget equal to its period is no limit.
struct Time {
  u32 priority = 10, ceiling = 10;
  u64 budget = 10'000'000, period = 10'000'000;
  bool has_budget = false;  ///< it is written down
  u32 share = 0;            ///< percent of a processor for all its threads together, 0: no limit
  std::optional<u32> cpu;   ///< where its threads run; without it placement decides
  u32 line = 0;
  bool is_limited() const { return budget < period; }
};

/// Of the PCI devices of a kind, the one number `number`.
struct PciDevice {
  u32 vendor = 0, device = 0, number = 0;
  u32 line = 0;
};

/// The hardware that a component drives.
struct Devices {
  std::vector<Range> interrupts, ports, memory;
  std::optional<PciDevice> pci;
};

/// Authorities beyond services and devices.
enum class Authority { OwnMemory, Faults, Control, Platform, Placement, FaultInjection, Bus };

/// One component, at the line where its table begins.
struct Component {
  u32 line = 0;
  Name name, program, module;
  Name update;  ///< program that it may be updated to, if there is one
  Memory memory;
  Time time;
  bool provides = false;
  std::vector<Name> uses;
  Devices devices;
  image::Restart restart = image::Restart::Always;
  Name group;         ///< of the supervision tree; empty: the outermost
  u32 heartbeat = 0;  ///< milliseconds, 0: not watched
  u32 heartbeat_line = 0;
  std::vector<std::pair<Authority, u32>> authorities;  ///< with the line of each
  std::string arguments;

  bool has(Authority wanted) const {
    for (auto [authority, line] : authorities) {
      if (authority == wanted) return true;
    }
    return false;
  }
};

/// Components that fail together, as in image::Group; `parent` empty: the outermost one.
struct Group {
  u32 line = 0;
  Name name, parent;
  image::Strategy strategy = image::Strategy::One;
  u32 restarts = 20;
  u64 period = 10'000'000'000;
};

/// Memory that an owner shares with others.
struct SharedMemory {
  u32 line = 0;
  Name name, owner;
  std::vector<Name> shared_with;
  u64 pages = 0;
};

/// The group that every other one is in, whether it is written down or not.
inline constexpr char kOutermostGroup[] = "system";

/// The whole system. Component 0 is root, which no manifest writes down.
struct Manifest {
  Name name;
  Name root{"root"};  ///< program that runs as root
  u32 cpus = 1;       ///< that its shares, budgets and places are meant for
  u32 watchdog = 0;   ///< milliseconds until the hardware resets a machine whose root does not run; 0: it does not watch
  u64 memory_pages = 0;
  u32 memory_line = 0;
  std::vector<Component> components;
  std::vector<Group> groups;  ///< the outermost first, then each behind its parent
  std::vector<SharedMemory> memories;

  /// Index of the group called `name` (empty: the outermost), or -1.
  int find_group(const std::string& name) const {
    if (name.empty()) return 0;
    for (usize i = 0; i < groups.size(); i++) {
      if (groups[i].name.value == name) return int(i);
    }
    return -1;
  }

  /// Index of the component called `name`, or -1.
  int find(const std::string& name) const {
    for (usize i = 0; i < components.size(); i++) {
      if (components[i].name.value == name) return int(i);
    }
    return -1;
  }

  /// Those that component number `index` may ring: the owners of what it shares, and who shares what it owns. Each once, in their order.
  std::vector<int> doorbells_of(int index) const {
    std::set<int> found;
    for (const SharedMemory& memory : memories) {
      int owner = find(memory.owner.value);
      for (const Name& name : memory.shared_with) {
        int other = find(name.value);
        if (owner == index) found.insert(other);
        if (other == index) found.insert(owner);
      }
    }
    return {found.begin(), found.end()};
  }
};

/// How the manifest spells a strategy, by its number.
inline constexpr std::string_view kStrategies[] = {"one", "all", "rest"};

/// How the manifest spells an authority.
constexpr const char* key_of(Authority authority) {
  switch (authority) {
    case Authority::OwnMemory:
      return "own_memory";
    case Authority::Faults:
      return "faults";
    case Authority::Control:
      return "control";
    case Authority::Platform:
      return "platform";
    case Authority::Placement:
      return "placement";
    case Authority::FaultInjection:
      return "fault_injection";
    case Authority::Bus:
      return "bus";
  }
  return "";
}
inline constexpr Authority kAuthorities[] = {Authority::OwnMemory, Authority::Faults,         Authority::Control, Authority::Platform,
                                             Authority::Placement, Authority::FaultInjection, Authority::Bus};

}  // namespace pith::manifest
