// The bank as it is.
#include "tests/components/bank/run.h"

using namespace pith::bank;

int main() {
  return main_of<State, Service>([](State& state) -> State& { return state; });
}
