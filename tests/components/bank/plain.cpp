// The bank without a vault. Argument: the partner's name, if there is one.
#include "tests/components/plain.h"
#include "lib/start.h"
#include "tests/components/bank/service.h"

int main() {
  using namespace pith;
  static bank::State state;
  state.begin();
  static bank::Service service(ComponentSlot::Service, state, find_slot(arguments()).value_or(kNoSlot));
  plain::serve(service, ComponentSlot::Service);
}
