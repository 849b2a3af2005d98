// Measures what the operations of two servers cost their client, with and without a vault, in nanoseconds, which are instructions under
// instruction counting.
#include <string>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/blocks.h"
#include "protocols/supervisor.h"

namespace {

using namespace pith;

constexpr u32 kOperations = 50, kBatches = 20;

/// Of one operation, in the batch that nothing interrupted.
template <class F>
u64 price(F&& operation) {
  u64 best = ~u64{0};
  for (u32 batch = 0; batch < kBatches; batch++) {
    u64 start = now();
    for (u32 i = 0; i < kOperations; i++) operation(i);
    u64 taken = now() - start;
    if (taken < best) best = taken;
  }
  return best / kOperations;
}

void report(const char* name, u64 plain, u64 transactional) {
  using ull = unsigned long long;
  log_line(LogLevel::Information, "row %s_plain %llu", name, ull(plain));
  log_line(LogLevel::Information, "row %s %llu", name, ull(transactional));
  log_line(LogLevel::Information, "row %s_permille %llu", name, ull(transactional * 1000 / plain));
}

u64 price_of_bank(const char* name) {
  protocols::BankClient bank{find_slot(name).value_or(kNoSlot)};
  return price([&](u32 i) {
    if (i % 3 == 0) {
      (void)bank.send(i, i + 1, 1);
      (void)bank.credit(i, 1);
    } else {
      (void)bank.transfer(i, i + 1, 1);
    }
  });
}

u64 price_of_blocks(const char* name) {
  protocols::BlocksClient blocks{find_slot(name).value_or(kNoSlot)};
  return price([&](u32 i) { (void)blocks.copy(i % 8, (i + 1) % 8); });
}

}  // namespace

int main() {
  report("bank", price_of_bank("plain_bank"), price_of_bank("bank"));
  report("blocks", price_of_blocks("plain_blocks"), price_of_blocks("blocks"));
  (void)protocols::SupervisorClient{find_slot("supervisor").value_or(kNoSlot)}.power(0, 0);
  return 1;
}
