// What a component sees by shares: frames of root's, which others may see as well, and device memory.
#include <cstring>

#include "abi/kernel.h"
#include "lib/device_window.h"
#include "lib/retry.h"
#include "servers/root/component.h"

namespace pith::root {

namespace {

constexpr kernel::Region kRegion{RootSlot::Region};
constexpr kernel::CapabilitySpace kCapabilities{RootSlot::CapabilitySpace};

}  // namespace

/// With a table for the shares of 1 GiB, where there is none yet.
Result<void> Component::link_share(u64 address, CapabilitySlot share) {
  kernel::AddressSpace space{slot(Slot::AddressSpace)};
  Result<void> linked = space.link_share(VirtualAddress(address), share);
  if (linked || linked.error() != Error::NoTable) return linked;
  TRY(link_tables(address, 1, Owner::Service));
  return space.link_share(VirtualAddress(address), share);
}

/// `pages` frames of root's region in a row, from `first` on: one share for 2 MiB.
Result<void> Component::map_frames(u64 address, u32 first, u64 pages, Access access) {
  for (u64 done = 0; done < pages; done += kSharePages) {
    FrameNumber frame = TRY(system_->bank.take());
    CapabilitySlot place = slot(Slot::Temporary);
    TRY(retry([&] { return kRegion.create(frame, ObjectType::Share, place, 0, FrameNumber(0)); }));
    for (u64 i = 0; i < kSharePages && done + i < pages; i++) {
      TRY(kernel::Share{place}.map(i, FrameNumber(first + u32(done + i)), u64(access)));
    }
    TRY(link_share(address + done * kPageSize, place));
    TRY(kCapabilities.remove(place));
  }
  return {};
}

Result<void> Component::map_shared_memory() {
  step_ = "shared memory";
  std::span<const image::SharedMemory> all = system_->tables.memories();
  for (u32 i = 0; i < all.size(); i++) {
    if ((all[i].parties >> index_ & 1) == 0 || system_->memories[i].raw == 0) continue;
    TRY(map_frames(shared_memory_address(i), system_->memories[i].raw, all[i].pages, Access::ReadWrite));
  }
  return {};
}

void Component::name_memories(StartInformation& start) const {
  std::span<const image::SharedMemory> all = system_->tables.memories();
  for (u32 i = 0; i < all.size() && start.memory_count < StartInformation::kMemories; i++) {
    if ((all[i].parties >> index_ & 1) == 0 || system_->memories[i].raw == 0) continue;
    NamedMemory& memory = start.memories[start.memory_count++];
    memory = {{}, i, all[i].pages, u64{system_->memories[i].raw} << kPageShift};
    memcpy(memory.name, all[i].name, sizeof memory.name);
  }
}

Result<void> Component::map_device(u64 address, u64 first, u64 pages, CapabilitySlot place) {
  FrameNumber frame = TRY(system_->bank.take());
  TRY(retry([&] { return kernel::Platform{RootSlot::Platform}.create_device_share(RootSlot::Region, frame, first, pages, place); }));
  return link_share(address, place);
}

Result<void> Component::give_device(u64 window, u64 first, u64 pages) {
  if (window >= kDeviceWindows) return Error::BadArgument;
  if (kernel::AddressSpace{slot(Slot::AddressSpace)}.query(VirtualAddress(device_window(window)))) return Error::Occupied;
  Result<void> mapped = map_device(device_window(window), first, pages, slot(Slot::Temporary));
  (void)kCapabilities.remove(slot(Slot::Temporary));
  return mapped;
}

Result<kernel::InterruptRouteResult> Component::message() const {
  for (u32 i = 0; i < description_->grant_count; i++) {
    if (description_->grants[i].kind == image::GrantKind::Pci) return kernel::Interrupt{device_slot(i)}.route(cpu_);
  }
  return Error::NotFound;
}

}  // namespace pith::root
