// Wiring of the blocks.
#include "lib/vault/serve.h"
#include "tests/components/blocks/service.h"

int main() {
  using namespace pith;
  Result<blocks::State*> state = vault::open_state<blocks::State>();
  if (!state) return 1;
  static blocks::Service service(ComponentSlot::Service, **state);
  vault::serve(service, ComponentSlot::Service);
}
