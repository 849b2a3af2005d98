// What a port promises about memory: page-table entries, translations, clearing.
#pragma once
#include "abi/types.h"
#include "port/memory.h"

namespace pith::arch {

/// Page-table entries have a shape that neutral code can build and read. Laws are checked for each port below.
template <class Entry>
concept PageTableEntryContract = requires(Entry entry, FrameNumber frame, Access access, u64 physical) {
  { Entry::table(frame) };            // links a table of the next lower level
  { Entry::leaf(frame, access) };     // maps a frame for user code
  { Entry::device(physical) };        // maps a page of device memory, read and write, uncached
  { entry.is_present() };
  { entry.frame() };                  // of table and leaf entries
  { entry.access() };                 // of leaf entries
  { entry.is_device() };
};
static_assert(PageTableEntryContract<PageTableEntry>);
static_assert(sizeof(PageTableEntry) == 8);

// Laws: what goes in comes out; an all-zero entry is absent.
static_assert(!PageTableEntry{}.is_present());
static_assert(PageTableEntry::table(FrameNumber(77)).is_present() && PageTableEntry::table(FrameNumber(77)).frame() == FrameNumber(77));
static_assert(PageTableEntry::leaf(FrameNumber(0x123456), Access::Read).frame() == FrameNumber(0x123456));
static_assert(PageTableEntry::leaf(FrameNumber(1), Access::Read).access() == Access::Read);
static_assert(PageTableEntry::leaf(FrameNumber(1), Access::ReadWrite).access() == Access::ReadWrite);
static_assert(PageTableEntry::leaf(FrameNumber(1), Access::ReadExecute).access() == Access::ReadExecute);
static_assert(!PageTableEntry::leaf(FrameNumber(1), Access::ReadWrite).is_device());
static_assert(PageTableEntry::device(0x1000).is_device() && PageTableEntry::device(0x1000).is_present());

// Every port defines, in port/memory.h:
//   kChecksViews                whether a view of a frame looks at the frame's type when it is taken
//   kPageTableLevels            number of levels; the top one is kPageTableLevels - 1
//   kUserEnd                    first address behind the user half
//   void clear_frame(FrameNumber, u32)       its first words are zero in every view; the only routine that changes views
//   void initialise_top_table(FrameNumber)   puts the kernel's own entries into a new top-level table
//   u64 root_of(FrameNumber top)             the value that Thread::root holds: what the translation register is loaded with
//   u64 current_root()                       what it is loaded with now
//   void flush_page(u64 address)             forget one translation of the space in use
//   void flush_all()                         forget all translations of this CPU
//   void send_interruption(u32 cpu)          make another CPU enter the kernel

}  // namespace pith::arch
