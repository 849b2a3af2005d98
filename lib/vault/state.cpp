// A vault from its beginning.
#include "lib/vault/state.h"

#include "lib/log.h"

namespace pith::vault {

/// The layout's word is the first to go.
[[gnu::section(".text.unlogged"), gnu::noinline]] void clear_vault(u64 size) {
  auto* words = reinterpret_cast<volatile u64*>(kAddress);
  for (u64 i = 0; i < size / sizeof(u64); i++) words[i] = 0;
}

void report_damage() { log_line(LogLevel::Warning, "the vault is damaged: it begins anew"); }

}  // namespace pith::vault
