// Wiring of the console: its port, its interrupt, its vault.
#include "abi/kernel.h"
#include "drivers/serial/ns16550/port_access.h"
#include "lib/clock.h"
#include "lib/serve.h"
#include "lib/start.h"
#include "lib/vault/commit.h"
#include "servers/console/service.h"

namespace {

using namespace pith;

constexpr u64 kInterruptBit = 1;

class Console final : public console::Service {
 public:
  Console(ns16550::Device& device, console::Vault& vault, CapabilitySlot interrupt)
      : Service(ComponentSlot::Service, device, vault), interrupt_{interrupt} {}

 private:
  void acknowledge_interrupt() override { (void)interrupt_.acknowledge(); }
  u64 time() override { return now(); }
  void pause() override {
    ipc::beat();  // the other end of the line decides how long
    (void)kernel::System::yield();
  }

  kernel::Interrupt interrupt_;
};

Result<void> run() {
  CapabilitySlot ports = TRY(find_slot(image::GrantKind::IoPorts));
  CapabilitySlot interrupt = TRY(find_slot(image::GrantKind::Interrupt));
  if (vault_bytes().size() < sizeof(console::Vault)) return Error::NoMemory;
  complete_interrupted_commit();
  auto& vault = *reinterpret_cast<console::Vault*>(vault_bytes().data());
  bool is_restart = vault.restore();
  ns16550::PortAccess access(ports);
  ns16550::Device device(access);
  u8 early = 0;
  bool has_early = !is_restart && device.receive_early(early);
  device.initialize(is_restart ? ns16550::Device::Queues::Keep : ns16550::Device::Queues::Clear);
  if (has_early) vault.receive.add(std::byte(early));
  TRY(kernel::Interrupt{interrupt}.bind(ComponentSlot::Notification, kInterruptBit));
  Console service(device, vault, interrupt);
  serve_committing(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
