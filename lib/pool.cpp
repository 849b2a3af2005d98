// Free lists of frames and capability slots, and the window on Data frames.
#include "lib/pool.h"

#include <cstring>

#include "abi/kernel.h"
#include "abi/start_information.h"
#include "lib/retry.h"
#include "lib/start.h"
#include "lib/thread.h"

namespace pith {

namespace {

constexpr u32 kRaw = 0, kData = ~u32{0};
constexpr kernel::Region kRegion{ComponentSlot::Region};
constexpr kernel::AddressSpace kSpace{ComponentSlot::AddressSpace};
constexpr kernel::CapabilitySpace kCapabilities{ComponentSlot::CapabilitySpace};

constexpr u64 window_address(u32 index) { return kPoolAddress + u64{index} * kPageSize; }

}  // namespace

Result<FramePool&> FramePool::instance() {
  [[clang::no_destroy]] static FramePool pool;
  static bool ready = false;
  if (!ready) {
    TRY(pool.build());
    TRY(Thread::adopt_first(pool));
    ready = true;
  }
  return pool;
}

/// The records lie at the start of the window, in the first frames of the pool; the page tables for them come from the frames behind.
Result<void> FramePool::build() {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.pool_count && i < StartInformation::kRanges; i++) total_ += start.pool[i].count;
  if (total_ == 0) return Error::NotFound;
  u32 record_frames = u32(pages_for(total_ * sizeof(FrameRecord)));
  if (record_frames >= total_) return Error::NoMemory;
  fresh_ = record_frames;
  free_ = total_ - record_frames;
  for (u32 index = 0; index < record_frames; index++) TRY(make_data_locked(index));
  records_ = reinterpret_cast<FrameRecord*>(kPoolAddress);
  TRY(add_slots_locked(1));
  return {};
}

Result<FrameNumber> FramePool::allocate_data(Contents contents) {
  u32 index = 0;
  bool used_before = true;
  {
    Lock lock(mutex_);
    if (data_) {
      index = data_ - 1;
      data_ = records_[index].next;
      free_--;
    } else {
      index = TRY(take_raw_locked());
      if (Result<void> made = make_data_locked(index); !made) {
        push_locked(untyped_, index);
        return made.error();
      }
      used_before = false;
    }
    records_[index] = {.next = 0, .use = kData};
  }
  if (used_before && contents == Contents::Zeroed) memset(reinterpret_cast<void*>(window_address(index)), 0, kPageSize);
  return frame_at(index);
}

Result<FrameNumber> FramePool::allocate_raw() {
  Lock lock(mutex_);
  u32 index = TRY(take_raw_locked());
  records_[index] = {.next = 0, .use = kRaw};
  return frame_at(index);
}

void FramePool::release(FrameNumber frame) {
  Lock lock(mutex_);
  u32 index = index_of(frame);
  if (index >= total_) return;
  push_locked(records_[index].use == kData ? data_ : untyped_, index);
}

u8* FramePool::window(FrameNumber frame) const { return reinterpret_cast<u8*>(window_address(index_of(frame))); }

Result<CapabilitySlot> FramePool::create_object(ObjectType type, u64 argument) {
  Lock lock(mutex_);
  CapabilitySlot slot = TRY(take_slot_locked());
  Result<u32> index = take_raw_locked();
  Error error = index.error();
  if (index) {
    error = retry([&] { return kRegion.create(frame_at(*index), type, slot, argument, FrameNumber(0)); }).error();
    if (error == kSuccess) {
      records_[*index] = {.next = 0, .use = slot.raw};
      slot_record(slot)->index = *index;
      return slot;
    }
    push_locked(untyped_, *index);
  }
  slot_record(slot)->next = free_slots_;
  free_slots_ = slot.raw;
  return error;
}

void FramePool::destroy_object(CapabilitySlot slot) {
  Lock lock(mutex_);
  SlotRecord* record = slot_record(slot);
  if (!record || record->index >= total_ || records_[record->index].use != slot.raw) return;
  if (take_apart_locked(record->index)) push_locked(untyped_, record->index);
  (void)kCapabilities.remove(slot);
  record->next = free_slots_;
  free_slots_ = slot.raw;
}

FrameNumber FramePool::frame_of(CapabilitySlot slot) const {
  SlotRecord* record = slot_record(slot);
  return record ? frame_at(record->index) : FrameNumber(0);
}

Result<FrameNumber> FramePool::create_page_table(u32 level) {
  Lock lock(mutex_);
  u32 index = TRY(take_raw_locked());
  Result<void> made = retry([&] { return kRegion.create(frame_at(index), ObjectType::PageTable, kNoSlot, level, FrameNumber(0)); });
  if (!made) {
    push_locked(untyped_, index);
    return made.error();
  }
  records_[index] = {.next = 0, .use = kRaw};
  return frame_at(index);
}

void FramePool::destroy_frame(FrameNumber frame) {
  Lock lock(mutex_);
  u32 index = index_of(frame);
  if (index < total_ && take_apart_locked(index)) push_locked(untyped_, index);
}

Result<CapabilitySlot> FramePool::allocate_slot() {
  Lock lock(mutex_);
  return take_slot_locked();
}

void FramePool::release_slot(CapabilitySlot slot) {
  Lock lock(mutex_);
  SlotRecord* record = slot_record(slot);
  if (!record) return;
  (void)kCapabilities.remove(slot);
  record->next = free_slots_;
  free_slots_ = slot.raw;
}

Result<void> FramePool::map_here(u64 address, FrameNumber frame) {
  Lock lock(mutex_);
  return map_locked(address, frame);
}

Result<void> FramePool::unmap_here(u64 address) {
  Lock lock(mutex_);
  TRY(kSpace.unmap(ComponentSlot::Region, VirtualAddress(address)));
  return {};
}

u64 FramePool::free_frames() const {
  Lock lock(mutex_);
  return free_;
}
u64 FramePool::total_frames() const { return total_; }
u64 FramePool::lost_frames() const {
  Lock lock(mutex_);
  return lost_;
}

FrameNumber FramePool::next_of(FrameNumber frame) const { return FrameNumber(records_[index_of(frame)].next); }
void FramePool::set_next_of(FrameNumber frame, FrameNumber next) { records_[index_of(frame)].next = next.raw; }

/// An untyped frame: one that was untyped before, one that was never used, or a free Data frame that is taken apart for it.
Result<u32> FramePool::take_raw_locked() {
  while (free_ > 0) {
    if (untyped_) {
      u32 index = untyped_ - 1;
      untyped_ = records_[index].next;
      free_--;
      return index;
    }
    if (fresh_ < total_) {
      free_--;
      return fresh_++;
    }
    if (!data_) break;
    u32 index = data_ - 1;
    data_ = records_[index].next;
    free_--;
    (void)kSpace.unmap(ComponentSlot::Region, VirtualAddress(window_address(index)));
    if (take_apart_locked(index)) return index;
  }
  return Error::NoMemory;
}

/// Makes an untyped frame Data, zeroed, seen in the window.
Result<void> FramePool::make_data_locked(u32 index) {
  FrameNumber frame = frame_at(index);
  TRY(retry([&] { return kRegion.create(frame, ObjectType::Data, kNoSlot, 0, FrameNumber(0)); }));
  Result<void> mapped = map_locked(window_address(index), frame);
  if (!mapped) take_apart_locked(index);
  return mapped;
}

Result<void> FramePool::map_locked(u64 address, FrameNumber frame) {
  auto map = [&] { return kSpace.map(ComponentSlot::Region, VirtualAddress(address), frame, u64(Access::ReadWrite)); };
  Result<void> mapped = map();
  if (mapped || mapped.error() != Error::NoTable) return mapped;
  TRY(link_table_locked(address, 0));
  return map();
}

/// Links a table of `level` on the way to `address`, and those above it where they are missing. The tables stay for the instance's life.
Result<void> FramePool::link_table_locked(u64 address, u32 level) {
  u32 index = TRY(take_raw_locked());
  FrameNumber table = frame_at(index);
  Result<void> made = retry([&] { return kRegion.create(table, ObjectType::PageTable, kNoSlot, level, FrameNumber(0)); });
  if (!made) {
    push_locked(untyped_, index);
    return made;
  }
  u64 base = address & ~((u64{1} << (21 + 9 * level)) - 1);
  auto link = [&] { return kSpace.link_table(VirtualAddress(base), table); };
  Result<void> linked = link();
  if (!linked && linked.error() == Error::NoTable && level < 2) {
    linked = link_table_locked(address, level + 1);  // two rounds at most
    if (linked) linked = link();
  }
  if (!linked) {
    if (take_apart_locked(index)) push_locked(untyped_, index);
    if (linked.error() == Error::Occupied) return {};
  }
  return linked;
}

/// The last free slot is spent on the capability of the next table.
Result<CapabilitySlot> FramePool::take_slot_locked() {
  if (!free_slots_) return Error::NoMemory;
  CapabilitySlot slot(free_slots_);
  u32 next = slot_record(slot)->next;
  if (next || next_table_ >= kTablesPerSpace) {
    free_slots_ = next;
    return slot;
  }
  TRY(make_slot_table_locked(slot));
  slot = CapabilitySlot(free_slots_);
  free_slots_ = slot_record(slot)->next;
  return slot;
}

Result<void> FramePool::make_slot_table_locked(CapabilitySlot place) {
  u32 index = TRY(take_raw_locked());
  Result<void> made = retry([&] { return kRegion.create(frame_at(index), ObjectType::CapabilityTable, place, 0, FrameNumber(0)); });
  if (!made) {
    push_locked(untyped_, index);
    return made;
  }
  Result<void> added = kCapabilities.link(next_table_, place);
  if (added) added = add_slots_locked(next_table_);
  if (!added) {
    if (take_apart_locked(index)) push_locked(untyped_, index);
    (void)kCapabilities.remove(place);
    return added;
  }
  next_table_++;
  return {};
}

/// Enters the slots of a linked table into the free list. One page holds the records of two tables.
Result<void> FramePool::add_slots_locked(u32 table) {
  SlotRecord* records = spare_records_;
  spare_records_ = nullptr;
  if (!records) {
    u32 index = TRY(take_raw_locked());
    if (Result<void> made = make_data_locked(index); !made) {
      push_locked(untyped_, index);
      return made;
    }
    records_[index] = {.next = 0, .use = kData};
    records = reinterpret_cast<SlotRecord*>(window_address(index));
    spare_records_ = records + kSlotsPerTable;
  }
  slots_[table] = records;
  u32 first = table * kSlotsPerTable;
  for (u32 i = 0; i < kSlotsPerTable; i++) records[i] = {.next = i + 1 < kSlotsPerTable ? first + i + 1 : 0, .index = total_};
  free_slots_ = first;
  return {};
}

/// Whether the frame is untyped now; one that cannot be taken apart is lost.
bool FramePool::take_apart_locked(u32 index) {
  if (retry([&] { return kRegion.destroy(frame_at(index)); })) return true;
  lost_++;
  return false;
}

void FramePool::push_locked(u32& list, u32 index) {
  // Before the records exist (build) a failure ends the program anyway.
  if (!records_) return;
  records_[index] = {.next = list, .use = kRaw};
  list = index + 1;
  free_++;
}

u32 FramePool::index_of(FrameNumber frame) const {
  const StartInformation& start = start_information();
  u32 index = 0;
  for (u32 i = 0; i < start.pool_count; i++) {
    const FrameRange& range = start.pool[i];
    if (frame.raw - range.first < range.count) return index + (frame.raw - range.first);
    index += range.count;
  }
  return total_;
}

FrameNumber FramePool::frame_at(u32 index) const {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.pool_count; i++) {
    const FrameRange& range = start.pool[i];
    if (index < range.count) return FrameNumber(range.first + index);
    index -= range.count;
  }
  return FrameNumber(0);
}

FramePool::SlotRecord* FramePool::slot_record(CapabilitySlot slot) const {
  u32 table = slot.raw / kSlotsPerTable;
  if (table >= kTablesPerSpace || !slots_[table]) return nullptr;
  return &slots_[table][slot.raw % kSlotsPerTable];
}

}  // namespace pith
