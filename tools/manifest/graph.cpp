// The manifest as a picture and as data: who may talk to, drive or stop whom.
#include "tools/manifest/graph.h"

#include <functional>
#include <string>

#include "tools/manifest/problems.h"

namespace pith::manifest {

namespace {

std::string quoted(const std::string& value) {
  std::string result = "\"";
  for (char c : value) {
    if (u8(c) < ' ') {
      constexpr char kDigits[] = "0123456789abcdef";
      result += std::string("\\u00") + kDigits[u8(c) >> 4] + kDigits[u8(c) & 15];
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string name_of(const PciDevice& pci) {
  char name[32];
  snprintf(name, sizeof name, "%04x:%04x/%u", pci.vendor, pci.device, pci.number);
  return name;
}

std::string devices_of(const Component& component) {
  std::string label;
  for (const Range& range : component.devices.interrupts) label += text("\\ninterrupt ", range.first);
  for (const Range& range : component.devices.ports) label += text("\\nports ", std::hex, range.first, "-", range.first + range.count - 1);
  for (const Range& range : component.devices.memory) label += text("\\nmemory ", std::hex, range.first);
  if (component.devices.pci) label += "\\npci " + name_of(*component.devices.pci);
  return label;
}

/// Items with commas between them.
template <class Items, class Write>
void write_list(std::ostream& out, const Items& items, Write write) {
  const char* separator = "";
  out << "[";
  for (const auto& item : items) {
    out << separator;
    write(item);
    separator = ", ";
  }
  out << "]";
}

void write_ranges(std::ostream& out, const std::vector<Range>& ranges) {
  write_list(out, ranges, [&](const Range& range) { out << "[" << range.first << ", " << range.count << "]"; });
}

void write_group(const Group& group, std::ostream& out) {
  out << "{\"name\": " << quoted(group.name.value) << ", \"strategy\": \"" << kStrategies[usize(group.strategy)]
      << "\", \"restarts\": " << group.restarts << ", \"period_ns\": " << group.period << ", \"parent\": " << quoted(group.parent.value)
      << "}";
}

void write_component(const Component& component, std::ostream& out) {
  auto memory = component.memory;
  auto time = component.time;
  out << "{\"name\": " << quoted(component.name.value) << ", \"program\": " << quoted(component.program.value)
      << ", \"provides\": " << (component.provides ? "true" : "false") << ",\n   \"uses\": ";
  write_list(out, component.uses, [&](const Name& use) { out << quoted(use.value); });
  out << ", \"authorities\": ";
  write_list(out, component.authorities, [&](const auto& entry) { out << quoted(key_of(entry.first)); });
  out << ",\n   \"memory_pages\": {\"heap\": " << memory.heap << ", \"stack\": " << memory.stack << ", \"vault\": " << memory.vault
      << ", \"undo_log\": " << memory.undo_log << ", \"pool\": " << memory.pool << "},\n   \"time\": {\"priority\": " << time.priority
      << ", \"ceiling\": " << time.ceiling << ", \"budget_ns\": " << time.budget << ", \"period_ns\": " << time.period
      << ", \"share_percent\": " << time.share << ", \"cpu\": " << (time.cpu ? text(*time.cpu) : "null")
      << "},\n   \"devices\": {\"interrupts\": ";
  write_list(out, component.devices.interrupts, [&](const Range& range) { out << range.first; });
  out << ", \"ports\": ";
  write_ranges(out, component.devices.ports);
  out << ", \"memory\": ";
  write_ranges(out, component.devices.memory);
  out << ", \"pci\": " << (component.devices.pci ? quoted(name_of(*component.devices.pci)) : "null");
  out << "},\n   \"restart\": " << (component.restart == image::Restart::Always ? "\"always\"" : "\"never\"")
      << ", \"group\": " << quoted(component.group.value.empty() ? kOutermostGroup : component.group.value)
      << ", \"heartbeat_ms\": " << component.heartbeat << ", \"module\": " << quoted(component.module.value)
      << ", \"update\": " << quoted(component.update.value) << ", \"arguments\": " << quoted(component.arguments) << "}";
}

}  // namespace

void write_dot(const Manifest& manifest, std::ostream& out) {
  out << "digraph " << quoted(manifest.name.value) << " {\n  node [shape=box];\n  root [style=bold];\n";
  for (const Component& component : manifest.components) {
    std::string name = quoted(component.name.value);
    out << "  " << name << " [label=\"" << component.name.value << devices_of(component) << "\"];\n";
    for (const Name& use : component.uses) out << "  " << name << " -> " << quoted(use.value) << ";\n";
    for (auto [authority, line] : component.authorities) {
      if (authority == Authority::OwnMemory) continue;
      out << "  " << name << " -> root [style=dashed, label=\"" << key_of(authority) << "\"];\n";
    }
  }
  for (const SharedMemory& memory : manifest.memories) {
    for (const Name& name : memory.shared_with)
      out << "  " << quoted(name.value) << " -> " << quoted(memory.owner.value)
          << " [dir=both, style=dotted, label=" << quoted(memory.name.value) << "];\n";
  }
  out << "}\n";
}

void write_memory(const SharedMemory& memory, std::ostream& out) {
  out << "{\"name\": " << quoted(memory.name.value) << ", \"pages\": " << memory.pages << ", \"owner\": " << quoted(memory.owner.value)
      << ", \"shared_with\": ";
  write_list(out, memory.shared_with, [&](const Name& name) { out << quoted(name.value); });
  out << "}";
}

void write_json(const Manifest& manifest, std::ostream& out) {
  out << "{\"system\": " << quoted(manifest.name.value) << ", \"root\": " << quoted(manifest.root.value) << ", \"cpus\": " << manifest.cpus
      << ", \"watchdog_ms\": " << manifest.watchdog << ", \"memory_pages\": " << manifest.memory_pages << ", \"groups\": ";
  write_list(out, manifest.groups, [&](const Group& group) { write_group(group, out); });
  out << ", \"memories\": ";
  write_list(out, manifest.memories, [&](const SharedMemory& memory) { write_memory(memory, out); });
  out << ", \"components\": ";
  const char* separator = "[\n  ";
  for (const Component& component : manifest.components) {
    out << separator;
    write_component(component, out);
    separator = ",\n  ";
  }
  out << "\n]}\n";
}

}  // namespace pith::manifest
