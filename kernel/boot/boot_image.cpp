// Checks of the boot image.
#include "kernel/boot/boot_image.h"

#include <stddef.h>

#include "kernel/arch/contract/memory.h"

namespace pith {

namespace {

u64 checksum(const u8* base, u64 size) {
  u64 sum = 0;
  for (u64 offset = offsetof(image::Header, components_offset); offset < size; offset += sizeof(u64)) {
    u64 word = *reinterpret_cast<const u64*>(base + offset);
    sum = ((sum << 5 | sum >> 59) ^ word) * image::kMultiplier;
  }
  return sum;
}

bool is_good_segment(const image::Segment& segment, u64 image_size) {
  u64 bytes = u64{segment.file_pages} * kPageSize;
  if (segment.address % kPageSize != 0 || segment.offset % kPageSize != 0) return false;
  if (segment.offset > image_size || bytes > image_size - segment.offset) return false;
  if (segment.file_pages > segment.memory_pages) return false;
  if (segment.address >= arch::kUserEnd || u64{segment.memory_pages} * kPageSize > arch::kUserEnd - segment.address) return false;
  return segment.access == u32(Access::Read) || segment.access == u32(Access::ReadWrite) || segment.access == u32(Access::ReadExecute);
}

}  // namespace

const char* check_image(const u8* base, u64 size) {
  if (size < sizeof(image::Header)) return "there is no boot image (QEMU: -initrd)";
  const image::Header& header = *reinterpret_cast<const image::Header*>(base);
  if (header.magic != image::kMagic) return "the boot image does not begin with its magic number";
  if (header.version != image::kVersion) return "the boot image is of another version than this kernel";
  if (header.size > size || header.size % kPageSize != 0 || header.size < kPageSize) return "the boot image is cut short";
  if (header.checksum != checksum(base, header.size)) return "the boot image is damaged: its checksum is wrong";
  u64 table_size = u64{header.component_count} * sizeof(image::Component);
  if (header.components_offset > header.size || table_size > header.size - header.components_offset || header.components_offset % 8 != 0)
    return "the boot image's table of components lies outside it";
  if (header.component_count == 0) return "the boot image has no root component";
  const image::Component& root = *reinterpret_cast<const image::Component*>(base + header.components_offset);
  if (root.segment_count > image::kComponentSegments || root.entry >= arch::kUserEnd) return "the root component's entry in the boot image is damaged";
  for (u32 i = 0; i < root.segment_count; i++) {
    if (!is_good_segment(root.segments[i], header.size)) return "a segment of the root component lies outside the boot image or its address space";
  }
  return nullptr;
}

}  // namespace pith
