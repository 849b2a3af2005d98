// A component's memory: frames of its regions, page tables on demand, and the window through which root writes into fresh pages.
#include <cstring>

#include "abi/kernel.h"
#include "abi/vault.h"
#include "lib/retry.h"
#include "servers/root/component.h"
#include "servers/root/places.h"

namespace pith::root {

namespace {

constexpr kernel::Region kRegion{RootSlot::Region};
constexpr u64 kTopLevel = 3;  // of page tables
constexpr kernel::AddressSpace kSpace{RootSlot::AddressSpace};

}  // namespace

Result<FrameNumber> Component::take_frame(Owner owner) {
  return owner == Owner::Service ? service_frames_.take() : instance_frames_.take();
}

/// Makes an object of a fresh frame; its capability goes to `place` of root's table for this component.
Result<FrameNumber> Component::create(ObjectType type, Slot place, u64 argument, Owner owner) {
  FrameNumber frame = TRY(take_frame(owner));
  FrameNumber second{0};
  if (type == ObjectType::AddressSpace) {
    second = TRY(take_frame(owner));
    TRY(retry([&] { return kRegion.create(second, ObjectType::PageTable, kNoSlot, kTopLevel, FrameNumber(0)); }));
  }
  TRY(retry([&] { return kRegion.create(frame, type, slot(place), argument, second); }));
  return frame;
}

Result<FrameNumber> Component::create_data(Owner owner) {
  FrameNumber frame = TRY(take_frame(owner));
  TRY(retry([&] { return kRegion.create(frame, ObjectType::Data, kNoSlot, 0, FrameNumber(0)); }));
  return frame;
}

Result<void> Component::map_page(u64 address, FrameNumber frame, Access access, Owner owner) {
  kernel::AddressSpace space{slot(Slot::AddressSpace)};
  auto map = [&] { return space.map(region_slot(owner), VirtualAddress(address), frame, u64(access)); };
  Result<void> mapped = map();
  if (mapped || mapped.error() != Error::NoTable) return mapped;
  TRY(link_tables(address, 0, owner));
  return map();
}

/// Links a table of `level` at `address` and those above it where they are missing. Leaf tables belong to the owner of what they map,
/// the others to the service.
Result<void> Component::link_tables(u64 address, u32 level, Owner owner) {
  FrameNumber table = TRY(take_frame(level == 0 ? owner : Owner::Service));
  TRY(retry([&] { return kRegion.create(table, ObjectType::PageTable, kNoSlot, level, FrameNumber(0)); }));
  VirtualAddress base(address & ~((u64{1} << (21 + 9 * level)) - 1));
  kernel::AddressSpace space{slot(Slot::AddressSpace)};
  Result<void> linked = space.link_table(base, table);
  if (!linked && linked.error() == Error::NoTable && level < 2) {
    TRY(link_tables(address, level + 1, owner));  // two rounds at most
    linked = space.link_table(base, table);
  }
  return linked;
}

Result<void> Component::map_zeroes(u64 address, u64 pages, Owner owner) {
  for (u64 page = 0; page < pages; page++) {
    FrameNumber frame = TRY(create_data(owner));
    TRY(map_page(address + page * kPageSize, frame, Access::ReadWrite, owner));
  }
  return {};
}

/// Shows up to 512 Data frames of the instance, in a row, read/write at kCopyWindow of root's own space.
Result<void> Component::open_window(const FrameNumber* frames, u32 count) {
  kernel::Share share{slot(Slot::Copy)};
  u32 mapped = 0;
  Result<void> result;
  while (mapped < count && (result = share.map(mapped, frames[mapped], u64(Access::ReadWrite)))) mapped++;
  if (result) result = kSpace.link_share(VirtualAddress(kCopyWindow), slot(Slot::Copy));
  if (!result) {
    while (mapped > 0) (void)share.unmap(--mapped);
  }
  return result;
}

void Component::close_window(u32 count) {
  (void)kSpace.unlink_share(VirtualAddress(kCopyWindow));
  (void)kSpace.flush();
  for (u32 i = 0; i < count; i++) (void)kernel::Share{slot(Slot::Copy)}.unmap(i);
}

/// Opens the window on the page at `address` of the instance's own memory. Errors: BadAddress for any other.
Result<void> Component::show_page(u64 address) {
  auto found = kernel::AddressSpace{slot(Slot::AddressSpace)}.query(VirtualAddress(address & ~(kPageSize - 1)));
  if (!found || found->frame.raw == 0 || !open_window(&found->frame, 1)) return Error::BadAddress;
  return {};
}

Result<u64> Component::read_memory(u64 address, u64 most, u8* destination) {
  if (!running_) return Error::BadState;
  u64 offset = address % kPageSize;
  u64 length = most < kPageSize - offset ? most : kPageSize - offset;
  if (address - vault::kLogAddress < description_->undo_log_pages * kPageSize) {
    std::span<std::byte> window = TRY(open_vault());
    memcpy(destination, &window[description_->vault_pages * kPageSize + (address - vault::kLogAddress)], length);
    close_vault();
    return length;
  }
  TRY(show_page(address));
  memcpy(destination, reinterpret_cast<const u8*>(kCopyWindow + offset), length);
  close_window(1);
  return length;
}

}  // namespace pith::root
