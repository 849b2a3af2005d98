// Lays out a boot image (abi/boot_image.h): components, their programs, modules, checksum.
#include "tools/manifest/image_writer.h"

#include <cstring>

#include "tools/manifest/image_file.h"
#include "tools/manifest/problems.h"

namespace pith::manifest {

namespace {

template <usize Size>
void copy_name(char (&target)[Size], std::string_view name) {
  memcpy(target, name.data(), std::min(name.size(), Size - 1));
}

/// The first of a kind is called `name`, the second `name`2, and so on.
std::string numbered(std::string_view name, usize index) { return index == 0 ? std::string(name) : text(name, index + 1); }

image::GrantKind kind_of(Authority authority) {
  switch (authority) {
    case Authority::OwnMemory:
      return image::GrantKind::Region;
    case Authority::Control:
      return image::GrantKind::RootControl;
    case Authority::Faults:
      return image::GrantKind::FaultHandler;
    case Authority::Platform:
      return image::GrantKind::Platform;
    case Authority::Placement:
      return image::GrantKind::Placement;
    case Authority::FaultInjection:
      return image::GrantKind::FaultInjection;
    case Authority::Bus:
      return image::GrantKind::Bus;
  }
  __builtin_unreachable();
}

class Writer {
 public:
  Writer(const Manifest& manifest, const ImageParts& parts) : manifest_(manifest), parts_(parts) {}

  std::vector<u8> write() {
    u32 count = u32(manifest_.components.size()) + 1;
    image::Header header{};
    header.magic = image::kMagic;
    header.version = image::kVersion;
    header.component_count = count;
    header.components_offset = sizeof header;
    header.modules_offset = header.components_offset + count * sizeof(image::Component);
    header.module_count = u32(parts_.modules.size());
    header.version_count = u16(parts_.updates.size() * image::kVersions);
    copy_name(header.system, manifest_.name.value);
    header.group_count = u16(manifest_.groups.size());
    u64 groups_offset = header.modules_offset + header.module_count * sizeof(image::Module);
    u64 versions_offset = groups_offset + header.group_count * sizeof(image::Group);
    header.memory_count = manifest_.memories.size();
    u64 memories_offset = versions_offset + header.version_count * sizeof(image::Version);
    bytes_.resize(memories_offset + header.memory_count * sizeof(image::SharedMemory));
    align();
    std::vector<image::Component> components{root()};
    for (usize i = 0; i < manifest_.components.size(); i++) components.push_back(component(i));
    std::vector<image::Version> versions;
    for (const auto& [index, program] : parts_.updates) {
      versions.push_back(version(index, parts_.programs[index]));
      memcpy(versions.back().segments, components[index + 1].segments, sizeof versions.back().segments);
      versions.back().segment_count = components[index + 1].segment_count;
      versions.push_back(version(index, program));
      add_program(versions.back(), program);
    }
    std::vector<image::Module> modules;
    for (const auto& [name, content] : parts_.modules) modules.push_back(module(name, content));
    memcpy(bytes_.data() + header.components_offset, components.data(), count * sizeof(image::Component));
    memcpy(bytes_.data() + header.modules_offset, modules.data(), modules.size() * sizeof(image::Module));
    if (!versions.empty()) memcpy(bytes_.data() + versions_offset, versions.data(), versions.size() * sizeof(image::Version));
    std::vector<image::Group> groups;
    for (const Group& source : manifest_.groups) groups.push_back(group(source));
    memcpy(bytes_.data() + groups_offset, groups.data(), groups.size() * sizeof(image::Group));
    std::vector<image::SharedMemory> memories;
    for (const SharedMemory& source : manifest_.memories) memories.push_back(shared_memory(source));
    if (!memories.empty()) memcpy(bytes_.data() + memories_offset, memories.data(), memories.size() * sizeof(image::SharedMemory));
    header.size = bytes_.size();
    memcpy(bytes_.data(), &header, sizeof header);
    header.checksum = image_checksum(bytes_);
    memcpy(bytes_.data(), &header, sizeof header);
    return std::move(bytes_);
  }

 private:
  image::Component root() {
    image::Component entry{};
    copy_name(entry.name, "root");
    entry.stack_pages = kRootStackPages;
    entry.priority = kRootPriority;
    entry.priority_ceiling = kPriorities - 1;
    entry.heartbeat = u16(manifest_.watchdog);
    entry.budget = entry.period = Time{}.period;
    add_program(entry, parts_.root);
    return entry;
  }

  image::Group group(const Group& source) {
    image::Group entry{};
    copy_name(entry.name, source.name.value);
    entry.strategy = source.strategy;
    entry.parent = u32(manifest_.find_group(source.parent.value));
    entry.restarts = source.restarts;
    entry.period = source.period;
    return entry;
  }

  image::SharedMemory shared_memory(const SharedMemory& source) {
    image::SharedMemory entry{};
    copy_name(entry.name, source.name.value);
    entry.pages = u32(source.pages);
    entry.owner = number_of(source.owner);
    entry.parties = u64{1} << entry.owner;
    for (const Name& name : source.shared_with) entry.parties |= u64{1} << number_of(name);
    return entry;
  }

  /// Of a component in the image, where root is the first.
  u32 number_of(const Name& name) const { return u32(manifest_.find(name.value)) + 1; }

  image::Component component(usize index) {
    const Component& source = manifest_.components[index];
    image::Component entry{};
    copy_name(entry.name, source.name.value);
    copy_name(entry.arguments, source.arguments);
    entry.heap_pages = source.memory.heap;
    entry.stack_pages = source.memory.stack;
    entry.vault_pages = source.memory.vault;
    entry.undo_log_pages = source.memory.undo_log;
    entry.pool_frames = source.memory.pool;
    entry.priority = source.time.priority;
    entry.priority_ceiling = source.time.ceiling;
    entry.budget = source.time.budget;
    entry.period = source.time.period;
    entry.time_share = u32((source.time.share * image::kWholeShare + 99) / 100);
    entry.cpu = source.time.cpu.value_or(image::kAnyCpu);
    entry.restart = source.restart;
    entry.group = u32(manifest_.find_group(source.group.value));
    entry.heartbeat = u16(source.heartbeat);
    entry.provides = source.provides ? 1 : 0;
    if (auto found = parts_.modules.find(source.module.value); found != parts_.modules.end()) {
      entry.module = u32(std::distance(parts_.modules.begin(), found)) + 1;
    }
    add_grants(entry, source);
    add_program(entry, parts_.programs[index]);
    return entry;
  }

  void add_grants(image::Component& entry, const Component& source) {
    auto add = [&](image::GrantKind kind, std::string_view name, u32 target, const Range& range) {
      image::Grant& grant = entry.grants[entry.grant_count++];
      grant.kind = kind;
      grant.target = target;
      grant.first = range.first;
      grant.count = range.count;
      copy_name(grant.name, name);
    };
    auto add_all = [&](image::GrantKind kind, std::string_view name, const std::vector<Range>& ranges) {
      for (usize i = 0; i < ranges.size(); i++) add(kind, numbered(name, i), 0, ranges[i]);
    };
    for (const Name& use : source.uses) add(image::GrantKind::Service, use.value, number_of(use), Range{0, 0});
    add_all(image::GrantKind::Interrupt, "interrupt", source.devices.interrupts);
    add_all(image::GrantKind::IoPorts, "ports", source.devices.ports);
    add_all(image::GrantKind::DeviceMemory, "memory", source.devices.memory);
    if (source.devices.pci) {
      const PciDevice& pci = *source.devices.pci;
      add(image::GrantKind::Pci, "pci", 0, Range{u64{pci.vendor} << 16 | pci.device, pci.number});
    }
    for (int target : manifest_.doorbells_of(manifest_.find(source.name.value)))
      add(image::GrantKind::Doorbell, manifest_.components[usize(target)].name.value, u32(target) + 1, Range{0, 0});
    for (auto [authority, line] : source.authorities) add(kind_of(authority), key_of(authority), 0, Range{0, 0});
  }

  static image::Version version(usize index, const Program& program) {
    image::Version entry{};
    entry.component = u32(index) + 1;
    entry.entry = program.entry;
    entry.keeps = program.keeps;
    entry.migrates = program.migrates;
    return entry;
  }

  /// `Entry`: a component's, or a version's.
  template <class Entry>
  void add_program(Entry& entry, const Program& program) {
    entry.entry = program.entry;
    for (const ProgramSegment& source : program.segments) {
      image::Segment& segment = entry.segments[entry.segment_count++];
      segment.address = source.address;
      segment.offset = bytes_.size();
      segment.file_pages = u32(source.file_pages());
      segment.memory_pages = u32(source.memory_pages);
      segment.access = u32(source.access);
      if (source.bytes.empty()) continue;
      bytes_.resize(bytes_.size() + source.offset_in_page);
      bytes_.insert(bytes_.end(), source.bytes.begin(), source.bytes.end());
      align();
    }
  }

  image::Module module(const std::string& name, const std::vector<u8>& content) {
    image::Module entry{};
    copy_name(entry.name, name);
    entry.offset = bytes_.size();
    entry.size = content.size();
    bytes_.insert(bytes_.end(), content.begin(), content.end());
    align();
    return entry;
  }

  void align() { bytes_.resize(pages_for(bytes_.size()) * kPageSize); }

  static constexpr u64 kRootStackPages = 16;

  const Manifest& manifest_;
  const ImageParts& parts_;
  std::vector<u8> bytes_;
};

}  // namespace

std::vector<u8> write_image(const Manifest& manifest, const ImageParts& parts) { return Writer(manifest, parts).write(); }

u64 program_pages(const ImageParts& parts) {
  u64 pages = 0;
  auto add = [&](const Program& program) {
    for (const ProgramSegment& segment : program.segments) pages += segment.memory_pages;
  };
  add(parts.root);
  for (const Program& program : parts.programs) add(program);
  for (const auto& [index, program] : parts.updates) add(program);
  return pages;
}

}  // namespace pith::manifest
