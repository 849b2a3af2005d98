// Wiring of a supervisor: root's control, the system's tables, its vault.
#pragma once
#include "lib/start.h"
#include "servers/supervisor/service.h"

namespace pith::supervisor {

/// Serves as a `Supervisor`, a class that derives from Service. Errors: NotFound without root's control, NoMemory where the vault is too
/// small.
template <class Supervisor>
Result<void> run() {
  CapabilitySlot root = TRY(find_slot(image::GrantKind::RootControl));
  if (vault_bytes().size() < sizeof(Vault)) return Error::NoMemory;
  static BootTables tables = BootTables::shown();
  std::string_view text(reinterpret_cast<const char*>(module_bytes().data()), module_bytes().size());
  static Supervisor service(ComponentSlot::Service, protocols::RootClient{root}, tables, Symbols(text),
                            *reinterpret_cast<Vault*>(vault_bytes().data()));
  service.serve();
}

}  // namespace pith::supervisor
