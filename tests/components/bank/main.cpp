// Wiring of the bank. Argument: the partner's name, if there is one.
#include "lib/log.h"
#include "lib/vault/serve.h"
#include "tests/components/bank/service.h"

namespace {

using namespace pith;

Result<void> run() {
  bank::State* state = TRY(vault::open_state<bank::State>());
  bank::Service service(ComponentSlot::Service, *state, find_slot(arguments()).value_or(kNoSlot));
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Error, "cannot open the vault: %s", error_name(result.error()));
  return 1;
}
