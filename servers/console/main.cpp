// Wiring of the console: its port, its interrupt, its vault.
#include "drivers/serial/ns16550/port_access.h"
#include "lib/clock.h"
#include "lib/start.h"
#include "lib/vault/commit.h"
#include "lib/vault/serve.h"
#include "servers/console/service.h"

namespace {

using namespace pith;

constexpr u64 kInterruptBit = 1;

class Console final : public console::Service {
 public:
  Console(ns16550::Device& device, console::State& state, CapabilitySlot interrupt)
      : Service(ComponentSlot::Service, device, state), interrupt_{interrupt} {}

 private:
  void acknowledge_interrupt() override { (void)interrupt_.acknowledge(); }
  u64 time() override { return now(); }

  kernel::Interrupt interrupt_;
};

Result<void> add_input(console::State& state, std::byte value) {
  return vault::run_event([&]() -> Result<void> {
    state.receive.add({&value, 1});
    return {};
  });
}

Result<void> run() {
  CapabilitySlot ports = TRY(find_slot(image::GrantKind::IoPorts));
  CapabilitySlot interrupt = TRY(find_slot(image::GrantKind::Interrupt));
  complete_interrupted_commit();
  auto* state = TRY(vault::open_state<console::State>());
  ns16550::PortAccess access(ports);
  ns16550::Device device(access);
  bool is_first = start_information().instance == 0;
  u8 early = 0;
  bool has_early = is_first && device.receive_early(early);
  device.initialize(is_first ? ns16550::Device::Queues::Clear : ns16550::Device::Queues::Keep);
  if (has_early) TRY(add_input(*state, std::byte(early)));
  TRY(kernel::Interrupt{interrupt}.bind(ComponentSlot::Notification, kInterruptBit));
  Console service(device, *state, interrupt);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
