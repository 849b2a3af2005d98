// The first component: builds the others from the boot image, then serves those that may stop and start them.
#include "abi/boot_information.h"
#include "abi/kernel.h"
#include "abi/message.h"
#include "lib/device_window.h"
#include "lib/retry.h"
#include "servers/root/component.h"
#include "servers/root/control.h"
#include "servers/root/places.h"
#include "servers/root/print.h"

namespace pith {

MessageBuffer& ipc::message_buffer() { return *reinterpret_cast<MessageBuffer*>(kRootMessageBuffer); }

namespace root {

namespace {

constinit System system_state;  // nobody runs constructors for root
Component components[kMostComponents];

constexpr kernel::Region kRegion{RootSlot::Region};
/// Root's own slots: RootSlot::FirstFree + component index hold the tables of its space, the last of table 0 its endpoint.
constexpr CapabilitySlot kControl{kSlotsPerTable - 1};

/// The kernel has checked the image's checksum; this checks what root relies on. Errors: Damaged.
Result<void> check_image() {
  const BootInformation& boot = *system_state.boot;
  std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(boot.image_address), boot.image_size);
  TRY(system_state.tables.open(bytes));
  const image::Header& header = system_state.tables.header();
  if (header.component_count == 0 || header.component_count > kMostComponents) return Error::Damaged;
  for (const image::Component& component : system_state.tables.components()) {
    if (component.segment_count > image::kComponentSegments || component.grant_count > image::kComponentGrants) return Error::Damaged;
    if (component.group >= header.group_count) return Error::Damaged;
  }
  if (header.memory_count > image::kMostSharedMemories) return Error::Damaged;
  for (const image::SharedMemory& memory : system_state.tables.memories()) {
    if (memory.pages > image::kMostSharedPages) return Error::Damaged;
  }
  for (u32 i = 0; i < header.component_count; i++) {
    for (const image::Version& version : system_state.tables.versions_of(i)) {
      if (version.segment_count > image::kComponentSegments) return Error::Damaged;
    }
  }
  return {};
}

/// An endpoint for the control service and a table for the copy window.
Result<void> prepare_self() {
  FrameNumber endpoint = TRY(system_state.bank.take());
  TRY(retry([&] { return kRegion.create(endpoint, ObjectType::Endpoint, kControl, 0, FrameNumber(0)); }));
  TRY(kernel::Endpoint{kControl}.bind(RootSlot::Thread));
  system_state.control = kControl;
  FrameNumber table = TRY(system_state.bank.take());
  TRY(retry([&] { return kRegion.create(table, ObjectType::PageTable, kNoSlot, 1, FrameNumber(0)); }));
  return kernel::AddressSpace{RootSlot::AddressSpace}.link_table(VirtualAddress(kCopyWindow), table);
}

/// Frames in a row for what components share. Errors: NoMemory, the kernel's.
Result<void> take_memories() {
  std::span<const image::SharedMemory> all = system_state.tables.memories();
  for (u32 number = 0; number < all.size(); number++) {
    FrameNumber first = TRY(system_state.bank.take_row(all[number].pages));
    for (u32 i = 0; i < all[number].pages; i++) {
      TRY(retry([&] { return kRegion.create(FrameNumber(first.raw + i), ObjectType::Data, kNoSlot, 0, FrameNumber(0)); }));
    }
    system_state.memories[number] = first;
  }
  return {};
}

void report(Component& component, std::string_view what, Error error) {
  print_line("root: cannot ", what, " ", component.name(), ": ", component.step(), ": ", error_name(error));
}

/// Frames that pools may have: what is left beside all that every component needs, less a reserve for root's own tables and the modules'
/// shares.
u64 frames_for_pools(u32 count) {
  u64 needed = 64 + 2 * u64{count} + 2 * kDeviceWindows + system_state.boot->image_size / (512 * kPageSize) + 2 * u64{count};
  for (u32 i = 1; i < count; i++) needed += components[i].fixed_frames();
  for (const image::SharedMemory& memory : system_state.tables.memories()) {
    needed += u64(__builtin_popcountll(memory.parties)) * (memory.pages / kSharePages + 1);
  }
  return system_state.bank.available() > needed ? system_state.bank.available() - needed : 0;
}

void build_components(u32 count) {
  system_state.components = {components, count};
  for (u32 i = 1; i < count; i++) components[i].initialize(system_state, i);
  u64 pools = frames_for_pools(count);
  bool is_created[kMostComponents] = {};
  for (u32 i = 1; i < count; i++) {
    Component& component = components[i];
    u64 pool = component.pool_frames() < pools ? component.pool_frames() : pools;
    pools -= pool;
    Result<void> created = component.create_service(pool);
    is_created[i] = bool(created);
    if (!created) report(component, "create", created.error());
    if (created && !(created = component.map_shared_memory())) report(component, "share memory with", created.error());
    if (created && component.handles_faults()) system_state.supervisor = component.endpoint();
  }
  for (u32 i = 1; i < count; i++) {
    if (!is_created[i]) continue;
    Component& component = components[i];
    if (Result<void> started = component.start(); !started) report(component, "start", started.error());
  }
}

[[noreturn]] void give_up(std::string_view text, Error error) {
  print_line("root: ", text, ": ", error_name(error));
  for (;;) (void)kernel::Platform{RootSlot::Platform}.power(0);
}

}  // namespace

extern "C" [[noreturn]] void root_main(const BootInformation* boot) {
  system_state.boot = boot;
  if (boot->magic != BootInformation::kMagic) give_up("boot information", Error::Damaged);
  if (Result<void> checked = check_image(); !checked) give_up("the boot image", checked.error());
  system_state.bank.initialize(*boot);
  if (Result<void> prepared = prepare_self(); !prepared) give_up("preparing itself", prepared.error());
  if (u32 milliseconds = system_state.tables.components()[0].heartbeat; milliseconds != 0) {
    Result<void> started = system_state.watchdog.start(system_state.bank, milliseconds);
    if (!started) print_line("root: there is no watchdog: ", error_name(started.error()));
  }
  if (Result<void> taken = take_memories(); !taken) give_up("shared memory", taken.error());
  u32 count = u32(system_state.tables.components().size());
  build_components(count);
  ControlService service(kControl, system_state, components, count);
  service.serve();
}

}  // namespace root
}  // namespace pith

/// The kernel starts here with the stack ready and the address of BootInformation in the first argument register.
extern "C" [[gnu::naked, noreturn]] void _start() { asm("xor %ebp, %ebp\n\tcall root_main\n\tud2"); }
