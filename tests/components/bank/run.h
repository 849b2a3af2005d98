// Wiring of the versions of the bank. Argument: the partner's name, if there is one.
#pragma once
#include "lib/log.h"
#include "lib/vault/serve.h"
#include "tests/components/bank/service.h"

namespace pith::bank {

/// Serves with `Program`, whose vault holds a `Kept`; `accounts_of` finds the bank's part in that.
template <class Kept, class Program, class F>
Result<void> serve_with(F accounts_of) {
  Kept* kept = TRY(vault::open_state<Kept>());
  Program service(ComponentSlot::Service, accounts_of(*kept), find_slot(arguments()).value_or(kNoSlot));
  vault::serve(service, ComponentSlot::Service);
}

template <class Kept, class Program, class F>
int main_of(F accounts_of) {
  Result<void> result = serve_with<Kept, Program>(accounts_of);
  log_line(LogLevel::Error, "cannot open the vault: %s", error_name(result.error()));
  return 1;
}

}  // namespace pith::bank
