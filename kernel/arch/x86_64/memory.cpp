// Physical memory at boot: finding room for the kernel's tables, mapping everything, writing down which frames are free.
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/x86_64/boot_tables.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/panic.h"
#include "kernel/memory/view.h"
#include "kernel/object/page_table.h"

extern "C" {
extern char kernel_text_end[], kernel_rodata_end[], kernel_end[];
}

namespace pith {
extern "C" {
u32 frame_count;
}
}  // namespace pith

namespace pith::x86 {

namespace {

constexpr u64 kLargePage = 2 << 20;
constexpr u64 kKernelPhysical = 1 << 20;
constexpr u64 kIdentityEnd = u64{4} << 30;

struct alignas(kPageSize) BootTable {
  arch::PageTableEntry entry[512];
};

BootTable top_table;
u64 early_next, early_end;  // where the next page table comes from
u64 kernel_physical_end;

/// Physical pages that no device share may show.
struct KeptPages {
  u64 start, end;
};
KeptPages kept[4];
u32 kept_count;

u64 physical_of(const void* kernel_address) { return reinterpret_cast<u64>(kernel_address) - arch::kKernelBase; }

bool overlaps(u64 start, u64 size, u64 other_start, u64 other_size) {
  return start < other_start + other_size && other_start < start + size;
}

/// Room for `size` bytes, aligned to 2 MiB, in memory that boot code can reach and nobody uses.
u64 find_room(const Machine& machine, u64 size) {
  for (u32 i = 0; i < machine.range_count; i++) {
    const Machine::Range& range = machine.memory[i];
    u64 start = (range.start + kLargePage - 1) & ~(kLargePage - 1);
    if (start < kLargePage) start = kLargePage;
    if (start < ((kernel_physical_end + kLargePage - 1) & ~(kLargePage - 1)) && range.end > kKernelPhysical && range.start <= kKernelPhysical)
      start = (kernel_physical_end + kLargePage - 1) & ~(kLargePage - 1);
    if (overlaps(start, size, machine.module_start, machine.module_size))
      start = (machine.module_start + machine.module_size + kLargePage - 1) & ~(kLargePage - 1);
    if (start + size <= range.end && start + size <= kIdentityEnd) return start;
  }
  panic("no memory for the kernel's tables");
}

BootTable& early_table() {
  if (early_next == early_end) panic("no room for the kernel's page tables");
  BootTable& table = *reinterpret_cast<BootTable*>(early_next);
  early_next += kPageSize;
  __builtin_memset(&table, 0, sizeof table);
  return table;
}

BootTable& next_level(arch::PageTableEntry& entry) {
  if (!entry.is_present()) {
    BootTable& table = early_table();
    entry = arch::PageTableEntry::kernel(reinterpret_cast<u64>(&table), Access::ReadExecute, 0, 0);
    entry.writable = 1;
    return table;
  }
  return *reinterpret_cast<BootTable*>(u64{entry.page} << kPageShift);
}

void map(u64 address, u64 physical, Access access, bool large, bool uncached) {
  BootTable& level2 = next_level(top_table.entry[entry_index(address, 3)]);
  BootTable& level1 = next_level(level2.entry[entry_index(address, 2)]);
  if (large) {
    level1.entry[entry_index(address, 1)] = arch::PageTableEntry::kernel(physical, access, 1, uncached);
    return;
  }
  BootTable& leaf = next_level(level1.entry[entry_index(address, 1)]);
  leaf.entry[entry_index(address, 0)] = arch::PageTableEntry::kernel(physical, access, 0, uncached);
}

void map_large(u64 address, u64 physical, u64 size, bool uncached) {
  for (u64 offset = 0; offset < size; offset += kLargePage) map(address + offset, physical + offset, Access::ReadWrite, true, uncached);
}

/// Access that the kernel has to its own image at this physical address, through the address that it runs at.
Access image_access(u64 physical) {
  if (physical < physical_of(kernel_text_end)) return Access::ReadExecute;
  return physical < physical_of(kernel_rodata_end) ? Access::Read : Access::ReadWrite;
}

void map_image() {
  for (u64 physical = kKernelPhysical; physical < kernel_physical_end; physical += kPageSize)
    map(arch::kKernelBase + physical, physical, image_access(physical), false, false);
}

/// All of memory, never executable; where the kernel's own text and constants lie, not writable either.
void map_window(u64 end) {
  u64 fine_end = (kernel_physical_end + kLargePage - 1) & ~(kLargePage - 1);
  for (u64 physical = 0; physical < fine_end; physical += kPageSize) {
    bool constant = physical >= kKernelPhysical && physical < physical_of(kernel_rodata_end);
    map(arch::kWindowBase + physical, physical, constant ? Access::Read : Access::ReadWrite, false, false);
  }
  if (end > fine_end) map_large(arch::kWindowBase + fine_end, fine_end, end - fine_end, false);
  const Devices& devices = found_devices();
  for (u64 device : {devices.local_controller, devices.io_controller, devices.timer}) {
    u64 page = device & ~(kLargePage - 1);
    map_large(arch::kWindowBase + page, page, kLargePage, true);
  }
}

void mark_free(const Machine& machine, u64 tables_start, u64 tables_end) {
  for (u32 i = 0; i < machine.range_count; i++) {
    u64 start = machine.memory[i].start < kKernelPhysical ? kKernelPhysical : machine.memory[i].start;
    for (u64 physical = start; physical < machine.memory[i].end; physical += kPageSize) {
      if (physical >> kPageShift >= frame_count) break;
      if (physical < kernel_physical_end || (physical >= tables_start && physical < tables_end)) continue;
      frames[physical >> kPageShift].type = ObjectType::Untyped;
    }
  }
}

}  // namespace

void keep_for_kernel(u64 start, u64 end) {
  if (kept_count == sizeof kept / sizeof kept[0]) panic("too many pages for the kernel alone");
  kept[kept_count++] = {start, end};
}

u64 kernel_root() { return physical_of(&top_table); }

void build_memory(Machine& machine) {
  kernel_physical_end = physical_of(kernel_end);
  u64 memory_end = 0;
  for (u32 i = 0; i < machine.range_count; i++) {
    if (machine.memory[i].end > memory_end) memory_end = machine.memory[i].end;
  }
  u64 limit = u64{kMaximumFrames} << kPageShift;
  if (memory_end > limit) memory_end = limit;
  frame_count = u32(memory_end >> kPageShift);
  u64 frames_size = (frame_count * sizeof(FrameInfo) + kLargePage - 1) & ~(kLargePage - 1);
  u64 epochs_size = (frame_count * sizeof(u64) + kLargePage - 1) & ~(kLargePage - 1);
  u64 page_tables_size = kLargePage;
  u64 start = find_room(machine, frames_size + epochs_size + page_tables_size);
  early_next = start + frames_size + epochs_size;
  early_end = early_next + page_tables_size;

  map_image();
  map_large(arch::kFramesBase, start, frames_size, false);
  map_large(arch::kEpochsBase, start + frames_size, epochs_size, false);
  map_window((memory_end + kLargePage - 1) & ~(kLargePage - 1));
  arch::write_cr3(kernel_root());

  for (u32 i = 0; i < frame_count; i++) {
    frames[i] = {};
    frames[i].type = ObjectType::Reserved;
    epochs[i] = 0;
  }
  arch::clear_frame(FrameNumber(0), kPageSize / 8);  // the empty capability space and table that absent ones lead to
  mark_free(machine, start, early_end);
  keep_for_kernel(0, kPageSize);
  keep_for_kernel(kKernelPhysical, kernel_physical_end);
  keep_for_kernel(start, early_end);
}

}  // namespace pith::x86

namespace pith::arch {

void initialise_top_table(FrameNumber top) {
  constexpr u32 kernel_entry = entry_index(kKernelBase, 3);
  view<PageTable>(top).entry[kernel_entry] = x86::top_table.entry[kernel_entry];
}

bool is_kernel_memory(u64 physical, u64 size) {
  for (const x86::KeptPages& pages : x86::kept) {
    if (x86::overlaps(physical, size, pages.start, pages.end - pages.start)) return true;
  }
  const x86::Devices& devices = x86::found_devices();
  for (u64 device : {devices.local_controller, devices.io_controller, devices.timer}) {
    if (x86::overlaps(physical, size, device, kPageSize)) return true;
  }
  return false;
}

void forget_root(u64 root) {
  if (read_cr3() == root) write_cr3(x86::kernel_root());
}

}  // namespace pith::arch
