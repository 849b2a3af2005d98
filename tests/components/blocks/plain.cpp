// The blocks without a vault.
#include "tests/components/plain.h"
#include "tests/components/blocks/service.h"

int main() {
  using namespace pith;
  static blocks::State state;
  static blocks::Service service(ComponentSlot::Service, state);
  plain::serve(service, ComponentSlot::Service);
}
