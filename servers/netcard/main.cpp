// Wiring of a network card's driver: its device through the bus, its client's memory.
#include "drivers/virtio/own_device.h"
#include "drivers/virtio/window_access.h"
#include "lib/device_window.h"
#include "lib/log.h"
#include "servers/netcard/service.h"

namespace {

using namespace pith;

class Netcard final : public netcard::Service {
 public:
  Netcard(virtio_net::Device* device, std::span<const ClientMemory> memories) : Service(ComponentSlot::Service, device, memories) {}

 private:
  void ring(u32 component) override { ring_component(component); }
};

}  // namespace

int main() {
  static DriverMemory memories = find_driver_memory();
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_net::Device device(access);
  Result<void> started = virtio::start_own(device, memories, netcard::Service::kInterruptBit);
  if (!started) log_line(LogLevel::Warning, "there is no network card: %s", error_name(started.error()));
  static Netcard service(started ? &device : nullptr, {memories.clients, memories.count});
  service.pump();
  service.serve();
}
