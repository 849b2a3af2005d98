// Whole boot images as bytes: checking one, and exchanging one of its modules.
#include "tools/manifest/image_file.h"

#include <bit>
#include <cstring>

namespace pith::manifest {

namespace {

template <class Layout>
Layout load(std::span<const u8> image, u64 offset) {
  Layout layout;
  memcpy(&layout, image.data() + offset, sizeof(Layout));
  return layout;
}

/// Whether `count` entries of `size` bytes from `offset` on lie in the image.
bool is_inside(std::span<const u8> image, u64 offset, u64 count, u64 size) {
  return offset <= image.size() && count <= (image.size() - offset) / size;
}

bool is_called(const image::Module& module, std::string_view name) {
  return std::string_view(module.name, strnlen(module.name, sizeof module.name)) == name;
}

}  // namespace

u64 image_checksum(std::span<const u8> image) {
  u64 sum = 0;
  for (u64 offset = offsetof(image::Header, components_offset); offset + 8 <= image.size(); offset += 8) {
    sum = (std::rotl(sum, 5) ^ load<u64>(image, offset)) * image::kMultiplier;
  }
  return sum;
}

std::string find_damage(std::span<const u8> image) {
  if (image.size() < sizeof(image::Header)) return "it is too short for a boot image";
  auto header = load<image::Header>(image, 0);
  if (header.magic != image::kMagic) return "it is not a boot image of Pith";
  if (header.version != image::kVersion) return "its version is another one";
  if (header.size != image.size() || header.size % kPageSize != 0) return "its size is not the one that its header says";
  if (header.checksum != image_checksum(image)) return "its checksum is wrong";
  if (!is_inside(image, header.components_offset, header.component_count, sizeof(image::Component)))
    return "its components lie outside of it";
  if (!is_inside(image, header.modules_offset, header.module_count, sizeof(image::Module))) return "its modules lie outside of it";
  u64 groups_offset = header.modules_offset + header.module_count * sizeof(image::Module);
  if (!is_inside(image, groups_offset, header.group_count, sizeof(image::Group))) return "its groups lie outside of it";
  for (u32 i = 0; i < header.module_count; i++) {
    auto module = load<image::Module>(image, header.modules_offset + i * sizeof(image::Module));
    if (!is_inside(image, module.offset, module.size, 1)) return "a module lies outside of it";
  }
  return "";
}

std::span<const u8> module_of(std::span<const u8> image, std::string_view name) {
  auto header = load<image::Header>(image, 0);
  for (u32 i = 0; i < header.module_count; i++) {
    auto module = load<image::Module>(image, header.modules_offset + i * sizeof(image::Module));
    if (is_called(module, name)) return image.subspan(module.offset, module.size);
  }
  return {};
}

std::vector<u8> replace_module(std::span<const u8> image, std::string_view name, std::span<const u8> bytes) {
  auto header = load<image::Header>(image, 0);
  std::vector<image::Module> modules(header.module_count);
  u64 modules_start = image.size();
  for (u32 i = 0; i < header.module_count; i++) {
    modules[i] = load<image::Module>(image, header.modules_offset + i * sizeof(image::Module));
    modules_start = std::min(modules_start, modules[i].offset);
  }
  // The packer puts modules last, so everything before the first one stays as it is.
  std::vector<u8> result(image.begin(), image.begin() + i64(modules_start));
  for (image::Module& module : modules) {
    std::span<const u8> content = is_called(module, name) ? bytes : image.subspan(module.offset, module.size);
    module.offset = result.size();
    module.size = content.size();
    result.insert(result.end(), content.begin(), content.end());
    result.resize(pages_for(result.size()) * kPageSize);
  }
  memcpy(result.data() + header.modules_offset, modules.data(), modules.size() * sizeof(image::Module));
  header.size = result.size();
  memcpy(result.data(), &header, sizeof header);
  header.checksum = image_checksum(result);
  memcpy(result.data(), &header, sizeof header);
  return result;
}

}  // namespace pith::manifest
