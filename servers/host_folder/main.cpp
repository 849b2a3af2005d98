// Wiring of the service of a host's folder: its vault, its device through the bus, its clients' memory.
#include "drivers/virtio/own_device.h"
#include "drivers/virtio/window_access.h"
#include "lib/device_window.h"
#include "lib/log.h"
#include "lib/vault/serve.h"
#include "servers/host_folder/service.h"

namespace {

using namespace pith;

constexpr u64 kInterruptBit = 1;

class HostFolder final : public host_folder::Service {
 public:
  HostFolder(host_folder::State& state, virtio_ninep::Device* device, std::span<const ClientMemory> memories)
      : Service(ComponentSlot::Service, state, device), memories_(memories) {}

 private:
  /// The first one that the session's component owns.
  Result<ClientMemory> memory_of(u32 session) override {
    for (const ClientMemory& memory : memories_) {
      if (memory.owner + 1 == session) return memory;
    }
    return Error::NotFound;
  }

  std::span<const ClientMemory> memories_;
};

Result<void> run() {
  static DriverMemory memories = find_driver_memory();
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_ninep::Device device(access);
  Result<void> started = virtio::start_own(device, memories, kInterruptBit);
  if (!started) log_line(LogLevel::Information, "there is no folder: %s", error_name(started.error()));
  auto* state = TRY(vault::open_state<host_folder::State>());
  static HostFolder service(*state, started ? &device : nullptr, {memories.clients, memories.count});
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Error, "cannot begin: %s", error_name(result.error()));
  return 1;
}
