// Wiring of a network card's driver: its device through the bus, its client's memory.
#include "abi/kernel.h"
#include "drivers/pci/own_configuration.h"
#include "drivers/virtio/window_access.h"
#include "lib/device_window.h"
#include "lib/log.h"
#include "lib/start.h"
#include "servers/netcard/service.h"

namespace {

using namespace pith;

class Netcard final : public netcard::Service {
 public:
  Netcard(virtio_net::Device* device, std::span<const ClientMemory> memories) : Service(ComponentSlot::Service, device, memories) {}

 private:
  void ring(u32 component) override { ring_component(component); }
};

Result<void> start_device(virtio_net::Device& device, const DriverMemory& memories) {
  protocols::BusClient bus{TRY(find_slot("bus"))};
  auto place = TRY(bus.device());
  TRY(kernel::Interrupt{TRY(find_slot(image::GrantKind::Pci))}.bind(ComponentSlot::Notification, netcard::Service::kInterruptBit));
  pci::OwnConfiguration configuration(bus);
  return device.start(configuration, u32(place.index), place.size, memories.own, memories.own_physical);
}

}  // namespace

int main() {
  static DriverMemory memories = find_driver_memory();
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_net::Device device(access);
  Result<void> started = start_device(device, memories);
  if (!started) log_line(LogLevel::Warning, "there is no network card: %s", error_name(started.error()));
  static Netcard service(started ? &device : nullptr, {memories.clients, memories.count});
  service.pump();
  service.serve();
}
