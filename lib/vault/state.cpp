// A vault from its beginning.
#include "lib/vault/state.h"

#include "lib/log.h"

namespace pith::vault {

namespace {

/// The layout's word is the first to go: a crash on the way leaves a vault that has none.
void clear_vault(u64 size) {
  clear_unlogged(&header(), sizeof(Header));
  clear_unlogged(&header(), size);
}

}  // namespace

Result<void> give_up_vault(u64 size) {
  log_line(LogLevel::Warning, "the vault is damaged: it begins anew");
  if (is_exchange_sound()) {
    TRY(run_event([]() -> Result<void> {
      give_up_calls();
      return {};
    }));
  } else {
    clear_exchange();
  }
  clear_vault(size);
  return {};
}

}  // namespace pith::vault
