// Memory on x86-64: page-table entries [intel/3a 4.5], translations, the kernel's part of every address space.
#pragma once
#include "abi/types.h"
#include "port/registers.h"

namespace pith::arch {

/// Whether a view of a frame looks at the frame's type when it is taken.
inline constexpr bool kChecksViews = false;
inline constexpr u32 kPageTableLevels = 4;
/// The last page of the lower half stays unmapped so that a system call never returns to a non-canonical address.
inline constexpr u64 kUserEnd = 0x0000'7fff'ffff'f000;
/// Entries of the top-level table that are the user's.
inline constexpr u32 kUserTopEntries = 256;

/// Where the kernel sees itself, its tables and all of memory (linker script kernel.ld).
inline constexpr u64 kKernelBase = 0xffff'8000'0000'0000;
inline constexpr u64 kFramesBase = kKernelBase + 0x2000'0000;
inline constexpr u64 kEpochsBase = kKernelBase + 0x4000'0000;
inline constexpr u64 kWindowBase = kKernelBase + 0x6000'0000;

/// A page-table entry [intel/3a table 4-20].
struct PageTableEntry {
  u64 present : 1 = 0;
  u64 writable : 1 = 0;
  u64 user : 1 = 0;
  u64 write_through : 1 = 0;
  u64 cache_disable : 1 = 0;
  u64 accessed : 1 = 0;
  u64 dirty : 1 = 0;
  u64 large : 1 = 0;
  u64 global : 1 = 0;
  u64 device_memory : 1 = 0;  // ignored by the processor: ours
  u64 ignored : 2 = 0;
  u64 page : 40 = 0;
  u64 ignored_high : 11 = 0;
  u64 no_execute : 1 = 0;

  static constexpr PageTableEntry table(FrameNumber frame) {
    return {.present = 1, .writable = 1, .user = 1, .page = frame.raw};
  }
  static constexpr PageTableEntry leaf(FrameNumber frame, Access access) {
    return {.present = 1,
            .writable = access == Access::ReadWrite,
            .user = 1,
            .accessed = 1,
            .dirty = access == Access::ReadWrite,
            .page = frame.raw,
            .no_execute = access != Access::ReadExecute};
  }
  static constexpr PageTableEntry device(u64 physical) {
    return {.present = 1, .writable = 1, .user = 1, .write_through = 1, .cache_disable = 1, .accessed = 1, .dirty = 1, .device_memory = 1,
            .page = physical >> kPageShift, .no_execute = 1};
  }
  /// For the kernel itself: 4 KiB, or 2 MiB where `large_page` is 1.
  static constexpr PageTableEntry kernel(u64 physical, Access access, u64 large_page, u64 uncached) {
    return {.present = 1, .writable = access == Access::ReadWrite, .write_through = uncached, .cache_disable = uncached, .accessed = 1,
            .dirty = 1, .large = large_page, .global = 0, .page = physical >> kPageShift, .no_execute = access != Access::ReadExecute};
  }
  constexpr bool is_present() const { return present; }
  constexpr FrameNumber frame() const { return FrameNumber(u32(page)); }
  constexpr bool is_device() const { return device_memory; }
  constexpr Access access() const { return writable ? Access::ReadWrite : no_execute ? Access::Read : Access::ReadExecute; }
};

/// The first `words` words are zero in every view: the only routine that switches views, out of line and in assembly, because views never alias
/// for the compiler.
extern "C" void clear_frame(FrameNumber frame, u32 words);

void initialise_top_table(FrameNumber top);
inline u64 root_of(FrameNumber top) { return u64{top.raw} << kPageShift; }
inline u64 current_root() { return read_cr3(); }
inline void flush_page(u64 address) { asm volatile("invlpg (%0)" ::"r"(address) : "memory"); }
inline void flush_all() { write_cr3(read_cr3()); }
/// Stops using a translation root whose tables are about to go.
void forget_root(u64 root);
void send_interruption(u32 cpu);

/// True when some of `size` bytes of physical memory are for the kernel alone to touch: its image, its tables, interrupt controllers and timer.
bool is_kernel_memory(u64 physical, u64 size);

}  // namespace pith::arch
