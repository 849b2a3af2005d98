// A version of the bank whose state is another one, and which does not say how the first one becomes it: it must be refused.
#include "tests/components/bank/run.h"

using namespace pith::bank;

namespace {

struct Odd {
  static constexpr u64 kLayout = 3;
  State accounts;
  u64 more;

  void begin() { accounts.begin(); }
};

}  // namespace

int main() {
  return main_of<Odd, Service>([](Odd& odd) -> State& { return odd.accounts; });
}
