// A version of the bank that keeps more than the first one: how often money came from elsewhere.
#include "tests/components/bank/run.h"

using namespace pith;
using namespace pith::bank;

namespace {

struct Wide {
  using Before = State;
  static constexpr u64 kLayout = 2;
  u64 credits;
  State accounts;

  void begin() { accounts.begin(); }
  void migrate(const Before& before) { accounts = before; }
};

class WideService final : public Service {
 public:
  WideService(CapabilitySlot endpoint, Wide& wide, CapabilitySlot partner) : Service(endpoint, wide.accounts, partner), wide_(wide) {}

  Result<void> credit(Session session, u64 to, u64 amount) override {
    wide_.credits++;
    return Service::credit(session, to, amount);
  }

 private:
  Wide& wide_;
};

}  // namespace

int main() {
  return main_of<Wide, WideService>([](Wide& wide) -> Wide& { return wide; });
}
