// A version of the bank that never comes to serve: it must be taken back when its heartbeat is missed.
#include "tests/components/bank/run.h"

using namespace pith;
using namespace pith::bank;

namespace {

class Hung final : public Service {
 public:
  Hung(CapabilitySlot endpoint, State& state, CapabilitySlot partner) : Service(endpoint, state, partner) {
    for (;;) asm volatile("pause");
  }
};

}  // namespace

int main() {
  return main_of<State, Hung>([](State& state) -> State& { return state; });
}
