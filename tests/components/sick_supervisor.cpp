// The supervisor with a way to make it hang: power action 99, each second time.
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/serve.h"
#include "lib/start.h"
#include "servers/supervisor/service.h"

namespace {

using namespace pith;
using supervisor::Symbols;

constexpr u64 kHang = 99;

class SickSupervisor final : public supervisor::Service {
 public:
  using Service::Service;

  Result<void> power(Session session, u64 action, u64 code) override {
    if (action != kHang) return Service::power(session, action, code);
    // The last word of the vault, which the next instance finds.
    volatile u64& has_hung = *reinterpret_cast<volatile u64*>(vault_bytes().last(sizeof(u64)).data());
    has_hung = !has_hung;
    if (!has_hung) return Error::BadArgument;
    for (;;) asm volatile("");
  }

 private:
  u64 time() override { return now(); }
};

Result<void> run() {
  CapabilitySlot root = TRY(find_slot(image::GrantKind::RootControl));
  if (vault_bytes().size() < sizeof(supervisor::Vault)) return Error::NoMemory;
  static BootTables tables = BootTables::shown();
  std::string_view text(reinterpret_cast<const char*>(module_bytes().data()), module_bytes().size());
  static SickSupervisor service(ComponentSlot::Service, protocols::RootClient{root}, tables, Symbols(text),
                                *reinterpret_cast<supervisor::Vault*>(vault_bytes().data()));
  serve_committing(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
