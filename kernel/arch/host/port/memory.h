// Memory of the fake machine: page-table entries of its own shape, views in separate arrays, and a log of what was flushed.
#pragma once
#include "abi/types.h"

namespace pith::arch {

/// Whether a view of a frame looks at the frame's type when it is taken.
inline constexpr bool kChecksViews = true;
inline constexpr u32 kPageTableLevels = 4;
inline constexpr u64 kUserEnd = 0x0000'7fff'ffff'f000;
/// Entries of the top-level table that are the user's.
inline constexpr u32 kUserTopEntries = 256;

/// A page-table entry of a machine that does not exist: nothing depends on the shape of a real one.
struct PageTableEntry {
  u64 page : 40 = 0;
  u64 user_access : 3 = 0;  // pith::Access
  u64 inner : 1 = 0;
  u64 device_memory : 1 = 0;
  u64 unused : 18 = 0;
  u64 present : 1 = 0;

  static constexpr PageTableEntry table(FrameNumber frame) { return {.page = frame.raw, .inner = 1, .present = 1}; }
  static constexpr PageTableEntry leaf(FrameNumber frame, Access access) {
    return {.page = frame.raw, .user_access = u64(access), .present = 1};
  }
  static constexpr PageTableEntry device(u64 physical) {
    return {.page = physical >> kPageShift, .user_access = u64(Access::ReadWrite), .device_memory = 1, .present = 1};
  }
  constexpr bool is_present() const { return present; }
  constexpr FrameNumber frame() const { return FrameNumber(u32(page)); }
  constexpr bool is_device() const { return device_memory; }
  constexpr Access access() const { return Access(u32(user_access)); }
};

/// The first `words` words are zero in every view, the others are noise.
extern "C" void clear_frame(FrameNumber frame, u32 words);

void initialise_top_table(FrameNumber top);
inline u64 root_of(FrameNumber top) { return u64{top.raw} << kPageShift; }
u64 current_root();
void flush_page(u64 address);
void flush_all();
/// Stops using a translation root whose tables are about to go.
void forget_root(u64 root);
void send_interruption(u32 cpu);

/// One page in the fake machine is the kernel's alone.
inline constexpr u64 kKernelDevicePage = 0xfee0'0000;
inline bool is_kernel_memory(u64 physical, u64 size) { return physical < kKernelDevicePage + kPageSize && kKernelDevicePage < physical + size; }

}  // namespace pith::arch
