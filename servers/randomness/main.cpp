// The driver of a virtio entropy device: what the device gives goes to the entropy service, at once when it starts and then from time to
// time.
#include "drivers/virtio/entropy/device.h"
#include "drivers/virtio/own_device.h"
#include "drivers/virtio/window_access.h"
#include "lib/clock.h"
#include "lib/device_window.h"
#include "lib/ipc/pulse.h"
#include "lib/log.h"
#include "protocols/entropy.h"

namespace {

using namespace pith;

constexpr u64 kInterruptBit = 1;
constexpr u64 kInterval = 10 * kSecond;

/// Nobody calls: its endpoint is there to wait at.
void wait(u64 deadline) {
  ipc::beat();
  (void)ipc::receive(ComponentSlot::Service, deadline);
}

/// Until the device gives nothing any more.
Result<void> feed(virtio_entropy::Device& device, protocols::EntropyClient entropy) {
  u64 given = 0;
  while (!device.is_broken()) {
    device.ask();
    u64 next = now() + kInterval;
    while (now() < next) {
      wait(next);
      auto bytes = device.take();
      if (bytes.empty()) continue;
      TRY(entropy.add(bytes));
      if (given == 0) log_line(LogLevel::Information, "%zu bytes from the device", bytes.size());
      given += bytes.size();
    }
  }
  return Error::Damaged;
}

Result<void> run() {
  auto entropy = TRY(find_slot("entropy"));
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_entropy::Device device(access);
  TRY(virtio::start_own(device, find_driver_memory(), kInterruptBit));
  return feed(device, protocols::EntropyClient{entropy});
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Warning, "there is no entropy device: %s", error_name(result.error()));
  for (;;) wait(0);
}
