// Whether memory that components share has an owner, those that share it, and a size that can be given; and whether PCI devices have a bus.
#include <algorithm>
#include <map>

#include "abi/start_information.h"
#include "tools/manifest/checker.h"

namespace pith::manifest {

namespace {

void check_parties(const Manifest& manifest, const SharedMemory& memory, Problems& problems) {
  std::map<std::string, u32> seen;
  auto check = [&](const Name& name, const char* what) {
    u32 line = name.line != 0 ? name.line : memory.line;
    if (name.value.empty()) return;
    if (manifest.find(name.value) < 0)
      problems.add(line, "memory `", memory.name.value, "` ", what, " `", name.value, "`, and no component is called so");
    else if (!seen.emplace(name.value, line).second)
      problems.add(line, "memory `", memory.name.value, "` names `", name.value, "` twice");
  };
  check(memory.owner, "is owned by");
  for (const Name& name : memory.shared_with) check(name, "is shared with");
}

void check_pci(const Manifest& manifest, Problems& problems) {
  bool has_bus = std::ranges::any_of(manifest.components, [](const Component& component) { return component.has(Authority::Bus); });
  std::map<std::tuple<u32, u32, u32>, std::string> owners;
  for (const Component& component : manifest.components) {
    if (!component.devices.pci) continue;
    const PciDevice& pci = *component.devices.pci;
    if (!has_bus) problems.add(pci.line, "`", component.name.value, "` has a PCI device, and no component has `bus = true` to find it");
    auto [owner, is_first] = owners.emplace(std::tuple(pci.vendor, pci.device, pci.number), component.name.value);
    if (!is_first) problems.add(pci.line, "the PCI device of `", component.name.value, "` belongs to `", owner->second, "` already");
  }
}

}  // namespace

void check_shared_memory(const Manifest& manifest, Problems& problems) {
  constexpr u64 kMostOfComponent = StartInformation::kMemories;
  std::map<std::string, u32> lines, counts;
  if (manifest.memories.size() > image::kMostSharedMemories)
    problems.add(manifest.memories.back().line, "there are more than ", image::kMostSharedMemories, " [[memory]]");
  for (const SharedMemory& memory : manifest.memories) {
    check_name(memory.name, "memory name", problems);
    if (!lines.emplace(memory.name.value, memory.line).second)
      problems.add(memory.line, "two memories are called `", memory.name.value, "`");
    if (memory.pages == 0 || memory.pages > image::kMostSharedPages)
      problems.add(memory.line, "memory `", memory.name.value, "` has 4 KiB to ", image::kMostSharedPages / 256, " MiB");
    check_parties(manifest, memory, problems);
    counts[memory.owner.value]++;
    for (const Name& name : memory.shared_with) counts[name.value]++;
  }
  for (const auto& [name, count] : counts) {
    if (count > kMostOfComponent) problems.add(0, "`", name, "` owns or shares ", count, " memories; ", kMostOfComponent, " are possible");
  }
  check_pci(manifest, problems);
}

}  // namespace pith::manifest
