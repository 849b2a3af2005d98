// PVH start information: where memory is, and the boot image [xen/include/public/arch-x86/hvm/start_info.h, version 1].
#include "kernel/arch/x86_64/boot_tables.h"

namespace pith::x86 {

namespace {

struct StartInformation {
  u32 magic, version, flags, module_count;
  u64 modules, command_line, acpi_root, memory_map;
  u32 memory_map_entries, reserved;
};
struct ModuleEntry {
  u64 address, size, command_line, reserved;
};
struct MemoryMapEntry {
  u64 address, size;
  u32 type, reserved;
};
constexpr u32 kMagic = 0x336ec578;
constexpr u32 kUsable = 1;
constexpr u64 kMapped = u64{4} << 30;

template <class T>
const T* at(u64 physical) {
  if (physical == 0 || physical >= kMapped - sizeof(T)) return nullptr;
  return reinterpret_cast<const T*>(physical);
}

}  // namespace

bool read_start_information(u64 physical, Machine& machine) {
  const StartInformation* start = at<StartInformation>(physical);
  if (start == nullptr || start->magic != kMagic || start->version < 1) return false;
  machine.acpi_root = start->acpi_root;
  for (u32 i = 0; i < start->memory_map_entries && machine.range_count < Machine::kRanges; i++) {
    const MemoryMapEntry* entry = at<MemoryMapEntry>(start->memory_map + i * sizeof(MemoryMapEntry));
    if (entry == nullptr) return false;
    if (entry->type != kUsable) continue;
    u64 first = (entry->address + kPageSize - 1) & ~(kPageSize - 1);
    u64 end = (entry->address + entry->size) & ~(kPageSize - 1);
    if (end > first) machine.memory[machine.range_count++] = {first, end};
  }
  if (start->module_count > 0) {
    const ModuleEntry* module = at<ModuleEntry>(start->modules);
    if (module == nullptr) return false;
    machine.module_start = module->address;
    machine.module_size = module->size;
  }
  const char* text = at<char>(start->command_line);
  for (u32 i = 0; text != nullptr && i + 1 < sizeof machine.command_line && text[i] != 0; i++) machine.command_line[i] = text[i];
  return true;
}

}  // namespace pith::x86
