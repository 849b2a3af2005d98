// Wiring of the supervisor: root's control, the system's tables.
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/serve.h"
#include "lib/start.h"
#include "servers/supervisor/service.h"

namespace {

using namespace pith;
using supervisor::Symbols;

class Supervisor final : public supervisor::Service {
 public:
  using Service::Service;

 private:
  u64 time() override { return now(); }
};

Result<void> run() {
  CapabilitySlot root = TRY(find_slot(image::GrantKind::RootControl));
  if (vault_bytes().size() < sizeof(supervisor::Vault)) return Error::NoMemory;
  static BootTables tables = BootTables::shown();
  std::string_view text(reinterpret_cast<const char*>(module_bytes().data()), module_bytes().size());
  static Supervisor service(ComponentSlot::Service, protocols::RootClient{root}, tables, Symbols(text),
                            *reinterpret_cast<supervisor::Vault*>(vault_bytes().data()));
  serve_committing(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
