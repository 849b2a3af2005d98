// The memory of a component that manages its own: frames of its region, a window on each, capability slots, kernel objects.
#pragma once
#include "abi/types.h"
#include "base/result.h"
#include "lib/sync.h"

namespace pith {

/// All frames that root gave to this component (StartInformation::pool). Frame number i of the pool is seen at kPoolAddress + i * 4096
/// while it is Data. Released Data frames stay Data and mapped in the window, so that taking one again costs no system call. Every member
/// may be called from every thread. Lock: `mutex_`, held for short and bounded work except when memory is short.
class FramePool {
 public:
  enum class Contents { Zeroed, Any };

  /// The pool of this component; made at the first call, which must come from the first thread before others are spawned.
  /// Errors: NotFound without GrantKind::Region, else those of the kernel.
  static Result<FramePool&> instance();

  /// A Data frame, mapped read/write in this component's window. `Contents::Any` leaves old bytes in (for whoever overwrites all of them).
  /// Errors: NoMemory.
  Result<FrameNumber> allocate_data(Contents contents = Contents::Zeroed);
  /// An untyped frame for Region.create. Errors: NoMemory.
  Result<FrameNumber> allocate_raw();
  /// Gives either kind back. A Data frame must be unmapped from every guest; a raw one must be untyped again, or never have been used.
  void release(FrameNumber frame);

  /// This component's own view of a Data frame of the pool.
  u8* window(FrameNumber frame) const;

  /// Makes a kernel object of a fresh frame and gives its capability, with all rights. AddressSpace is made by GuestSpace only.
  /// Errors: NoMemory, and those of Region.create.
  Result<CapabilitySlot> create_object(ObjectType type, u64 argument = 0);
  /// Takes the object apart and gives frame and slot back. It must not be in use any more; one that stays Busy is left alone and its frame
  /// is lost (counted).
  void destroy_object(CapabilitySlot slot);
  /// The frame of an object that create_object made.
  FrameNumber frame_of(CapabilitySlot slot) const;

  /// A page table of `level` 0…2, not yet linked. Errors: NoMemory.
  Result<FrameNumber> create_page_table(u32 level);
  /// Takes a raw frame's object (page table, second frame of an address space) apart and gives the frame back.
  void destroy_frame(FrameNumber frame);

  /// An empty slot of this component's own capability space, for operations that put a capability somewhere.
  Result<CapabilitySlot> allocate_slot();
  void release_slot(CapabilitySlot slot);

  /// Maps a Data frame of the pool a second time in this component's own space (thread stacks).
  Result<void> map_here(u64 address, FrameNumber frame);
  Result<void> unmap_here(u64 address);

  u64 free_frames() const;
  u64 total_frames() const;
  /// Frames that could not be taken apart: 0 unless something is wrong.
  u64 lost_frames() const;

  /// For lists of frames that their owner keeps without memory of its own: one word per frame of the pool, free for the owner of the frame.
  FrameNumber next_of(FrameNumber frame) const;
  void set_next_of(FrameNumber frame, FrameNumber next);

  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

 private:
  FramePool() = default;

  struct FrameRecord {
    u32 next;  // pool index + 1 in a free list, or the owner's word
    u32 use;   // kRaw, kData, or the slot of the object in it
  };
  struct SlotRecord {
    u32 next;   // free list, slot number
    u32 index;  // pool index of the object's frame
  };

  Result<void> build();
  Result<u32> take_raw_locked();
  Result<void> make_data_locked(u32 index);
  Result<void> map_locked(u64 address, FrameNumber frame);
  Result<void> link_table_locked(u64 address, u32 level);
  Result<CapabilitySlot> take_slot_locked();
  Result<void> add_slots_locked(u32 table);
  Result<void> make_slot_table_locked(CapabilitySlot place);
  bool take_apart_locked(u32 index);
  void push_locked(u32& list, u32 index);
  u32 index_of(FrameNumber frame) const;
  FrameNumber frame_at(u32 index) const;
  SlotRecord* slot_record(CapabilitySlot slot) const;

  mutable Mutex mutex_;
  FrameRecord* records_ = nullptr;       // at the start of the window
  SlotRecord* slots_[512] = {};          // per capability table; null: the table is not ours
  u32 free_slots_ = 0;                   // first free slot, 0: none
  SlotRecord* spare_records_ = nullptr;  // second half of the page that holds the records of the table before
  u32 untyped_ = 0, data_ = 0;           // free lists, pool index + 1
  u32 fresh_ = 0;                        // frames from here on were never used
  u32 total_ = 0, free_ = 0, lost_ = 0;
  u32 next_table_ = 2;  // next capability table to make; root made table 1
};

}  // namespace pith
