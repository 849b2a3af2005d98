// Wiring of a disk's driver: its device through the bus, its clients' memory.
#include "abi/kernel.h"
#include "drivers/pci/own_configuration.h"
#include "drivers/virtio/window_access.h"
#include "lib/boot_tables.h"
#include "lib/device_window.h"
#include "lib/log.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "servers/disk/service.h"

namespace {

using namespace pith;

constexpr u64 kInterruptBit = 1;

class Disk final : public disk::Service {
 public:
  Disk(virtio_block::Device* device, std::span<const disk::Memory> memories) : Service(ComponentSlot::Service, device, memories) {}

 private:
  void ring(u32 component) override {
    auto doorbell = find_doorbell(name_of(BootTables::shown().components()[component].name));
    if (doorbell) (void)kernel::Notification{*doorbell}.signal(0);
  }
};

/// The memory of others that this component shares, and its own.
struct Memories {
  disk::Memory others[disk::Service::kMostMemories];
  u32 count = 0;
  std::span<std::byte> own;
  u64 own_physical = 0;
};

Memories find_memories() {
  Memories memories;
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.memory_count; i++) {
    auto memory = find_memory(name_of(start.memories[i].name));
    if (!memory) continue;
    const image::SharedMemory& entry = BootTables::shown().memories()[memory->number];
    if (entry.owner == start.index) {
      memories.own = memory->bytes;
      memories.own_physical = memory->physical;
    } else {
      memories.others[memories.count++] = {memory->number, memory->bytes, memory->physical, entry.parties, entry.owner};
    }
  }
  return memories;
}

Result<void> start_device(virtio_block::Device& device, const Memories& memories) {
  protocols::BusClient bus{TRY(find_slot("bus"))};
  auto place = TRY(bus.device());
  TRY(kernel::Interrupt{TRY(find_slot(image::GrantKind::Pci))}.bind(ComponentSlot::Notification, kInterruptBit));
  pci::OwnConfiguration configuration(bus);
  return device.start(configuration, u32(place.index), place.size, memories.own, memories.own_physical);
}

}  // namespace

int main() {
  static Memories memories = find_memories();
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_block::Device device(access);
  Result<void> started = start_device(device, memories);
  if (!started) log_line(LogLevel::Warning, "there is no disk: %s", error_name(started.error()));
  static Disk service(started ? &device : nullptr, {memories.others, memories.count});
  service.pump();
  service.serve();
}
