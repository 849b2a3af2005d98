// A version of the bank that dies when it should make its state of the first one's: it must be taken back, and the first one finds its own.
#include "tests/components/bank/run.h"

using namespace pith;
using namespace pith::bank;

namespace {

struct Stuck {
  using Before = State;
  static constexpr u64 kLayout = 5;
  State accounts;
  u64 more;

  void begin() { accounts.begin(); }
  void migrate(const Before& before) {
    accounts = before;
    __builtin_trap();
  }
};

}  // namespace

int main() {
  return main_of<Stuck, Service>([](Stuck& stuck) -> State& { return stuck.accounts; });
}
