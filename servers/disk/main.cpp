// Wiring of a disk's driver: its device through the bus, its clients' memory.
#include "drivers/virtio/own_device.h"
#include "drivers/virtio/window_access.h"
#include "lib/device_window.h"
#include "lib/log.h"
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

}  // namespace

int main() {
  static DriverMemory memories = find_driver_memory();
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_block::Device device(access);
  Result<void> started = virtio::start_own(device, memories, kInterruptBit);
  if (!started) log_line(LogLevel::Warning, "there is no disk: %s", error_name(started.error()));
  static Disk service(started ? &device : nullptr, {memories.clients, memories.count});
  service.pump();
  service.serve();
}
