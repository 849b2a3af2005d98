// A version of the bank that dies in its third event: it must be taken back.
#include "tests/components/bank/run.h"

using namespace pith;
using namespace pith::bank;

namespace {

class Bad final : public Service {
 public:
  using Service::Service;

  Result<u64> transfer(Session session, u64 from, u64 to, u64 amount) override {
    u64 left = TRY(Service::transfer(session, from, to, amount));
    if (++events_ == 3) __builtin_trap();
    return left;
  }

 private:
  u32 events_ = 0;
};

}  // namespace

int main() {
  return main_of<State, Bad>([](State& state) -> State& { return state; });
}
