// The lasting half of a component: what others hold, and what a new instance finds again.
#include <cstring>

#include "abi/kernel.h"
#include "lib/device_window.h"
#include "lib/retry.h"
#include "servers/root/component.h"

namespace pith::root {

namespace {

constexpr kernel::Region kRegion{RootSlot::Region};
constexpr kernel::CapabilitySpace kCapabilities{RootSlot::CapabilitySpace};
constexpr kernel::Platform kPlatform{RootSlot::Platform};
constexpr u64 kGiveAtOnce = 16;  // Region.give's limit

template <class List>
Result<void> give(kernel::Region from, CapabilitySlot to, const List& list) {
  for (u32 i = 0; i < list.count(); i++) {
    FrameRange run = list[i];
    while (run.count > 0) {
      u32 count = run.count < kGiveAtOnce ? run.count : u32(kGiveAtOnce);
      TRY(from.give(to, FrameNumber(run.first), count));
      run.first += count;
      run.count -= count;
    }
  }
  return {};
}

}  // namespace

void Component::initialize(System& system, u32 index) {
  system_ = &system;
  index_ = index;
  description_ = &system.tables.components()[index];
  versions_ = system.tables.versions_of(index);
  if (description_->cpu != image::kAnyCpu) cpu_ = description_->cpu % system.boot->cpus;
}

bool Component::has_grant(image::GrantKind kind) const {
  for (u32 i = 0; i < description_->grant_count; i++) {
    if (description_->grants[i].kind == kind) return true;
  }
  return false;
}

/// Instance region, address space (2), endpoint, notification, time; upper page tables: one of level 2 and one of level 1 for each place
/// (program, start page, heap, stack (2), shares, vault, module, tables), three for shared memory; devices; the vault.
u64 Component::service_frames_needed() const { return 6 + 10 + 3 + description_->grant_count + vault_frames_needed(); }

/// Thread, vector state, message buffer, start page, copy share, capability space and its tables (2), leaf tables of stack, buffer and
/// start page; the program's pages.
u64 Component::instance_frames_needed() const {
  u64 frames = 8 + 3 + tables_for(description_->heap_pages) + description_->heap_pages + tables_for(description_->stack_pages) +
               description_->stack_pages;
  u64 program = program_frames({description_->segments, description_->segment_count});
  for (const image::Version& version : versions_) {
    u64 other = program_frames({version.segments, version.segment_count});
    if (other > program) program = other;
  }
  return frames + program;
}

u64 Component::frames_owned() const {
  u64 frames = 0;
  if (auto status = kernel::Region{slot(Slot::ServiceRegion)}.status()) frames += status->frames;
  if (running_) {
    if (auto status = kernel::Region{slot(Slot::InstanceRegion)}.status()) frames += status->frames;
  }
  return frames;
}

Result<void> Component::create_service(u64 pool) {
  TRY(create_regions(pool));
  TRY(create_objects());
  TRY(map_vault());
  TRY(map_module());
  return create_devices();
}

Result<void> Component::create_regions(u64 pool) {
  step_ = "capability table of root";
  FrameNumber table = TRY(system_->bank.take());
  CapabilitySlot temporary(RootSlot::FirstFree.raw + index_);
  TRY(retry([&] { return kRegion.create(table, ObjectType::CapabilityTable, temporary, 0, FrameNumber(0)); }));
  TRY(kCapabilities.link(1 + index_, temporary));

  step_ = "service region";
  u64 ceiling = description_->priority > description_->priority_ceiling ? description_->priority : description_->priority_ceiling;
  FrameNumber region = TRY(system_->bank.take());
  TRY(retry([&] { return kRegion.create(region, ObjectType::Region, slot(Slot::ServiceRegion), ceiling, FrameNumber(0)); }));
  if (description_->time_share != 0) TRY(kRegion.share_time(slot(Slot::ServiceRegion), description_->time_share));

  step_ = "memory";
  TRY(system_->bank.take(service_frames_needed(), service_frames_));
  TRY(system_->bank.take(instance_frames_needed() + pool, instance_frames_));
  TRY(give(kRegion, slot(Slot::ServiceRegion), service_frames_));
  TRY(give(kRegion, slot(Slot::ServiceRegion), instance_frames_));
  instance_region_ = TRY(service_frames_.take());
  return {};
}

Result<void> Component::create_objects() {
  step_ = "address space";
  TRY(create(ObjectType::AddressSpace, Slot::AddressSpace, 0, Owner::Service));
  step_ = "endpoint";
  TRY(create(ObjectType::Endpoint, Slot::Endpoint, 0, Owner::Service));
  TRY(create(ObjectType::Notification, Slot::Notification, 0, Owner::Service));
  step_ = "time";
  TRY(create(ObjectType::SchedulingContext, Slot::Time, 0, Owner::Service));
  return configure_time();
}

Result<void> Component::configure_time() {
  return kernel::SchedulingContext{slot(Slot::Time)}.configure(description_->priority, description_->budget, description_->period, cpu_);
}

Result<void> Component::place(u64 cpu) {
  if (cpu >= system_->boot->cpus) return Error::BadArgument;
  if (!is_movable()) return Error::BadState;
  if (cpu == cpu_) return {};
  step_ = "place";
  cpu_ = u32(cpu);
  kernel::SchedulingContext time{slot(Slot::Time)};
  (void)time.unbind();  // a stopped component's has no thread
  TRY(configure_time());
  if (!running_) return {};
  return time.bind(slot(Slot::Thread));
}

u64 Component::time_used() const {
  auto status = kernel::SchedulingContext{slot(Slot::Time)}.status();
  return status ? status->used : 0;
}

/// The component's module; and for the fault handler, and those without a module, the image's tables: the system's manifest, who is who.
Result<void> Component::map_module() {
  step_ = "tables";
  if (description_->module == 0 || handles_faults()) TRY(map_image(kTablesAddress, 0, system_->tables.size()));
  if (description_->module == 0) return {};
  step_ = "module";
  if (description_->module > system_->tables.modules().size()) return Error::BadArgument;
  const image::Module& module = system_->tables.modules()[description_->module - 1];
  TRY(map_image(kModuleAddress, module.offset, module.size));
  module_size_ = module.size;
  return {};
}

Result<void> Component::map_image(u64 address, u64 offset, u64 size) {
  u64 image_size = system_->boot->image_size;
  if (offset % kPageSize || offset > image_size || size > image_size - offset) return Error::Damaged;
  return map_frames(address, system_->boot->image_first_frame + u32(offset >> kPageShift), pages_for(size), Access::Read);
}

/// Device objects outlive the instances that use them.
Result<void> Component::create_devices() {
  for (u32 i = 0; i < description_->grant_count; i++) {
    step_ = name_of(description_->grants[i].name);
    TRY(create_device(description_->grants[i], i));
  }
  return {};
}

Result<void> Component::create_device(const image::Grant& grant, u32 number) {
  using enum image::GrantKind;
  CapabilitySlot device = device_slot(number), region = slot(Slot::ServiceRegion);
  if (grant.kind == DeviceMemory) return map_device(device_window(number), grant.first, grant.count, device);
  if (grant.kind != Interrupt && grant.kind != IoPorts && grant.kind != Pci) return {};
  FrameNumber frame = TRY(take_frame(Owner::Service));
  if (grant.kind == IoPorts) return retry([&] { return kPlatform.create_io_ports(region, frame, grant.first, grant.count, device); });
  u64 line = grant.kind == Interrupt ? grant.first : kFirstMessageLine + system_->messages++;
  return retry([&] { return kPlatform.create_interrupt(region, frame, line, device); });
}

}  // namespace pith::root
