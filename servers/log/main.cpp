// Wiring of the log: its port, its vault, the names of the components.
#include "drivers/serial/ns16550/port_access.h"
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/serve.h"
#include "lib/start.h"
#include "lib/vault/commit.h"
#include "servers/log/service.h"

namespace {

using namespace pith;

class Log final : public log::Service {
 public:
  Log(ns16550::Device& device, log::Vault& vault, const BootTables& tables)
      : Service(ComponentSlot::Service, device, vault), tables_(tables) {}

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
  if (vault_bytes().size() < sizeof(log::Vault)) return Error::NoMemory;
  complete_interrupted_commit();
  auto& vault = *reinterpret_cast<log::Vault*>(vault_bytes().data());
  vault.restore();
  ns16550::PortAccess access(ports);
  ns16550::Device device(access);
  device.initialize(ns16550::Device::Queues::Keep);
  Log service(device, vault, tables);
  serve_committing(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
