// Wiring of a disk's driver: its device through the bus, its clients' memory.
#include "abi/kernel.h"
#include "drivers/pci/own_configuration.h"
#include "drivers/virtio/window_access.h"
#include "lib/device_window.h"
#include "lib/driver_memory.h"
#include "lib/log.h"
#include "lib/start.h"
#include "servers/disk/service.h"

namespace {

using namespace pith;

constexpr u64 kInterruptBit = 1;

class Disk final : public disk::Service {
 public:
  Disk(virtio_block::Device* device, std::span<const ClientMemory> memories) : Service(ComponentSlot::Service, device, memories) {}

 private:
  void ring(u32 component) override { ring_component(component); }
};

Result<void> start_device(virtio_block::Device& device, const DriverMemory& memories) {
  protocols::BusClient bus{TRY(find_slot("bus"))};
  auto place = TRY(bus.device());
  TRY(kernel::Interrupt{TRY(find_slot(image::GrantKind::Pci))}.bind(ComponentSlot::Notification, kInterruptBit));
  pci::OwnConfiguration configuration(bus);
  return device.start(configuration, u32(place.index), place.size, memories.own, memories.own_physical);
}

}  // namespace

int main() {
  static DriverMemory memories = find_driver_memory();
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_block::Device device(access);
  Result<void> started = start_device(device, memories);
  if (!started) log_line(LogLevel::Warning, "there is no disk: %s", error_name(started.error()));
  static Disk service(started ? &device : nullptr, {memories.clients, memories.count});
  service.pump();
  service.serve();
}
