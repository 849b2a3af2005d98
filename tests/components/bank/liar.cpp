// A version of the bank that claims the first one's layout number for a state of its own: it must be refused.
#include "tests/components/bank/run.h"

using namespace pith::bank;

namespace {

struct Liar {
  static constexpr u64 kLayout = State::kLayout;
  u64 more;
  State accounts;

  void begin() { accounts.begin(); }
};

}  // namespace

int main() {
  return main_of<Liar, Service>([](Liar& liar) -> State& { return liar.accounts; });
}
