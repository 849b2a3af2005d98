// Measures what the operations of two servers cost their client, with and without a vault, in nanoseconds, which are instructions under
// instruction counting: each method of the bank, a mix of them, and the copying of a block.
#include <cstdio>
#include <iterator>

#include "lib/clock.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/blocks.h"
#include "protocols/log.h"
#include "protocols/supervisor.h"

namespace {

using namespace pith;

constexpr u32 kOperations = 60, kBatches = 20, kAccounts = 64;

u32 failures;

/// Of one operation, in the batch that nothing interrupted.
template <class F>
u64 price(F&& operation) {
  u64 best = ~u64{0};
  for (u32 batch = 0; batch < kBatches; batch++) {
    u64 start = now();
    for (u32 i = 0; i < kOperations; i++) failures += !operation(i);
    u64 taken = now() - start;
    if (taken < best) best = taken;
  }
  return best / kOperations;
}

/// For tests/perf/figures.sh: a line that begins with `row`.
void print_row(const char* name, const char* kind, u64 value) {
  char line[64];
  int length = snprintf(line, sizeof line, "row %s%s %llu\n", name, kind, static_cast<unsigned long long>(value));
  (void)protocols::LogClient{find_slot("log").value_or(kNoSlot)}.raw(std::as_bytes(std::span(line, usize(length))));
}

void report(const char* name, u64 plain, u64 transactional) {
  print_row(name, "_plain", plain);
  print_row(name, "_vault", transactional);
  print_row(name, "_permille", transactional * 1000 / plain);
}

/// An account's key.
u64 key(u32 i) { return (i % kAccounts + 1) * 0xd1342543de82ef95; }

void open_accounts(const protocols::BankClient& bank) {
  for (u32 i = 0; i < kAccounts; i++) {
    failures += !bank.open(key(i)) + !bank.credit(key(i), 100'000);
  }
}

constexpr std::byte kValue[64] = {};

using Operation = bool (*)(const protocols::BankClient& bank, u32 i);

bool transfer(const protocols::BankClient& bank, u32 i) { return bool(bank.transfer(key(i), key(i + 1), 1)); }
bool send(const protocols::BankClient& bank, u32 i) { return bool(bank.send(key(i), key(i + 1), 1)); }
bool put(const protocols::BankClient& bank, u32 i) { return bool(bank.put(key(i), kValue)); }
bool get(const protocols::BankClient& bank, u32 i) { return bool(bank.get(key(i))); }
bool balance(const protocols::BankClient& bank, u32 i) { return bool(bank.balance(key(i))); }

/// Half of them read, by turns what and how much there is; of the others three move money, two put a value, one sends money.
bool mix(const protocols::BankClient& bank, u32 i) {
  constexpr Operation kMix[] = {transfer, get, transfer, balance, transfer, get, put, balance, put, get, send, balance};
  static_assert(kOperations % std::size(kMix) == 0);
  return kMix[i % std::size(kMix)](bank, i);
}

u64 price_of_blocks(const char* name) {
  protocols::BlocksClient blocks{find_slot(name).value_or(kNoSlot)};
  return price([&](u32 i) { return bool(blocks.copy(i % 8, (i + 1) % 8)); });
}

void report_bank() {
  struct Row {
    const char* name;
    Operation operation;
  };
  constexpr Row kRows[] = {{"transfer", transfer}, {"send", send}, {"put", put}, {"get", get}, {"balance", balance}, {"mix", mix}};
  protocols::BankClient plain{find_slot("plain_bank").value_or(kNoSlot)}, bank{find_slot("bank").value_or(kNoSlot)};
  for (const char* name : {"plain_bank", "plain_clearing", "bank", "clearing"}) open_accounts({find_slot(name).value_or(kNoSlot)});
  for (const Row& row : kRows) {
    auto price_at = [&](const protocols::BankClient& one) { return price([&](u32 i) { return row.operation(one, i); }); };
    report(row.name, price_at(plain), price_at(bank));
  }
}

}  // namespace

int main() {
  report_bank();
  report("blocks", price_of_blocks("plain_blocks"), price_of_blocks("blocks"));
  (void)protocols::SupervisorClient{find_slot("supervisor").value_or(kNoSlot)}.power(0, failures);
  return 1;
}
