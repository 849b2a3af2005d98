// Reads the boot image's tables of components and modules, trusting nothing in them.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "abi/boot_image.h"
#include "abi/error.h"
#include "abi/start_information.h"
#include "base/result.h"

namespace pith {

/// Where root shows these tables, read-only, to components that must know who is who: those without a module, and whoever handles faults.
inline constexpr u64 kTablesAddress = kModuleAddress + 0x8'0000'0000;

/// The tables at the start of a boot image: header, components, modules, groups.
class BootTables {
 public:
  constexpr BootTables() = default;

  /// Errors: Damaged when magic, version or a table's place contradicts the size.
  Result<void> open(std::span<const std::byte> bytes) {
    if (bytes.size() < sizeof(image::Header)) return Error::Damaged;
    header_ = reinterpret_cast<const image::Header*>(bytes.data());
    const image::Header& header = *header_;
    if (header.magic != image::kMagic || header.version != image::kVersion) return Error::Damaged;
    if (!fits(header.components_offset, header.component_count, sizeof(image::Component), bytes.size())) return Error::Damaged;
    if (!fits(header.modules_offset, header.module_count, sizeof(image::Module), bytes.size())) return Error::Damaged;
    if (!fits(groups_offset(), header.group_count, sizeof(image::Group), bytes.size())) return Error::Damaged;
    if (!fits(versions_offset(), header.version_count, sizeof(image::Version), bytes.size())) return Error::Damaged;
    if (!fits(memories_offset(), header.memory_count, sizeof(image::SharedMemory), bytes.size())) return Error::Damaged;
    return {};
  }

  /// The tables that root shows at kTablesAddress. They are there: root checked them, and nobody can write them.
  static BootTables shown() {
    BootTables tables;
    tables.header_ = reinterpret_cast<const image::Header*>(kTablesAddress);
    return tables;
  }

  const image::Header& header() const { return *header_; }
  std::span<const image::Component> components() const {
    return {reinterpret_cast<const image::Component*>(base() + header_->components_offset), header_->component_count};
  }
  std::span<const image::Module> modules() const {
    return {reinterpret_cast<const image::Module*>(base() + header_->modules_offset), header_->module_count};
  }
  std::span<const image::Group> groups() const {
    return {reinterpret_cast<const image::Group*>(base() + groups_offset()), header_->group_count};
  }
  /// The versions of a component that can be updated, kVersions of them; empty for the others.
  std::span<const image::Version> versions_of(u32 component) const {
    const auto* versions = reinterpret_cast<const image::Version*>(base() + versions_offset());
    for (u32 i = 0; i + image::kVersions <= header_->version_count; i += image::kVersions) {
      if (versions[i].component == component) return {versions + i, image::kVersions};
    }
    return {};
  }
  std::span<const image::SharedMemory> memories() const {
    return {reinterpret_cast<const image::SharedMemory*>(base() + memories_offset()), header_->memory_count};
  }
  /// Bytes from the image's start to the end of the last table.
  u64 size() const {
    u64 components = header_->components_offset + u64{header_->component_count} * sizeof(image::Component);
    u64 memories = memories_offset() + header_->memory_count * sizeof(image::SharedMemory);
    return components > memories ? components : memories;
  }

 private:
  static bool fits(u64 offset, u64 count, u64 size, u64 end) { return offset % 8 == 0 && offset <= end && count <= (end - offset) / size; }
  u64 groups_offset() const { return header_->modules_offset + u64{header_->module_count} * sizeof(image::Module); }
  u64 versions_offset() const { return groups_offset() + u64{header_->group_count} * sizeof(image::Group); }
  u64 memories_offset() const { return versions_offset() + u64{header_->version_count} * sizeof(image::Version); }
  const std::byte* base() const { return reinterpret_cast<const std::byte*>(header_); }

  const image::Header* header_ = nullptr;
};

/// A name field as text: up to its first zero.
inline std::string_view name_of(const char (&field)[24]) {
  usize length = 0;
  while (length < sizeof field && field[length]) length++;
  return {field, length};
}

}  // namespace pith
