// A bank that has hidden the address of one of its functions in its vault: no other program could go on with that.
#include "tests/components/bank/run.h"

using namespace pith;
using namespace pith::bank;

namespace {

struct Pinned {
  static constexpr u64 kLayout = 4;
  State accounts;
  u64 function;

  void begin();
};

void on_something() {}

void Pinned::begin() {
  accounts.begin();
  function = reinterpret_cast<u64>(&on_something);
}

}  // namespace

int main() {
  return main_of<Pinned, Service>([](Pinned& pinned) -> State& { return pinned.accounts; });
}
