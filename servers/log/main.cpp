// Wiring of the log: its port, its vault, the names of the components.
#include "drivers/serial/ns16550/port_access.h"
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/start.h"
#include "lib/vault/commit.h"
#include "lib/vault/serve.h"
#include "servers/log/service.h"

namespace {

using namespace pith;

class Log final : public log::Service {
 public:
  Log(ns16550::Device& device, log::State& state, const BootTables& tables)
      : Service(ComponentSlot::Service, device, state), tables_(tables) {}

 private:
  u64 time() override { return now(); }
  std::string_view component_name(u32 index) override {
    return index < tables_.components().size() ? name_of(tables_.components()[index].name) : std::string_view();
  }

  const BootTables& tables_;
};

Result<void> run() {
  CapabilitySlot ports = TRY(find_slot(image::GrantKind::IoPorts));
  BootTables tables = BootTables::shown();
  complete_interrupted_commit();
  auto* state = TRY(vault::open_state<log::State>());
  ns16550::PortAccess access(ports);
  ns16550::Device device(access);
  device.initialize(ns16550::Device::Queues::Keep);
  Log service(device, *state, tables);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
