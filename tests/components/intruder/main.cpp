// Wiring of the intruder.
#include "lib/vault/serve.h"
#include "tests/components/intruder/service.h"

namespace {

using namespace pith;

Result<void> run() {
  intruder::State* state = TRY(vault::open_state<intruder::State>());
  intruder::Service service(ComponentSlot::Service, *state);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
