// The bank's next version, with the same state: it looks whether its own arithmetic is right.
#include "tests/components/bank/run.h"

using namespace pith;
using namespace pith::bank;

namespace {

class Next final : public Service {
 public:
  Next(CapabilitySlot endpoint, State& state, CapabilitySlot partner) : Service(endpoint, state, partner), state_(state) {}

  Result<u64> transfer(Session session, u64 from, u64 to, u64 amount) override {
    u64 before = sum();
    Result<u64> left = Service::transfer(session, from, to, amount);
    if (sum() != before) __builtin_trap();
    return left;
  }

 private:
  u64 sum() const {
    u64 sum = 0;
    for (const Account& one : state_.accounts) sum += one.balance;
    return sum;
  }

  State& state_;
};

}  // namespace

int main() {
  return main_of<State, Next>([](State& state) -> State& { return state; });
}
