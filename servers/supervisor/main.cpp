// Wiring of the supervisor: root's control, the system's tables.
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/serve.h"
#include "lib/start.h"
#include "servers/supervisor/service.h"

namespace {

using namespace pith;

class Supervisor final : public supervisor::Service {
 public:
  using Service::Service;

 private:
  u64 time() override { return now(); }
};

Result<void> run() {
  CapabilitySlot root = TRY(find_slot(image::GrantKind::RootControl));
  static BootTables tables;
  TRY(tables.open(module_bytes()));
  static Supervisor service(ComponentSlot::Service, protocols::RootClient{root}, tables);
  serve_committing(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
