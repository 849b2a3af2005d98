// The supervisor with a way to make it hang: power action 99, each second time.
#include "lib/clock.h"
#include "servers/supervisor/run.h"

namespace {

using namespace pith;

constexpr u64 kHang = 99;

class SickSupervisor final : public supervisor::Service {
 public:
  using Service::Service;

  Result<void> power(Session session, u64 action, u64 code) override {
    if (action != kHang) return Service::power(session, action, code);
    // The last word of the vault, which the next instance finds.
    volatile u64& has_hung = *reinterpret_cast<volatile u64*>(vault_bytes().last(sizeof(u64)).data());
    has_hung = !has_hung;
    if (!has_hung) return Error::BadArgument;
    for (;;) asm volatile("");
  }

 private:
  u64 time() override { return now(); }
};

}  // namespace

int main() {
  (void)supervisor::run<SickSupervisor>();
  return 1;
}
