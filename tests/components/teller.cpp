// A client of the bank that knows what each answer must be, while the bank and its partner are hurt. With `restarts=N` as argument it ends
// the machine when both were restarted so often: with 0 when all was right. Without, it goes on for ever.
#include <cstdlib>
#include <string_view>

#include "abi/kernel.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "tests/components/bank/service.h"
#include "tests/components/states.h"
#include "tests/fault/findings.h"

namespace {

using namespace pith;
using torture::Finding;

constexpr const char* kNames[] = {"bank", "clearing"};

/// What the two banks should have in their books.
struct Books {
  u64 balance[2][bank::kAccounts];
  u64 bookings[2];
};

Books books;
protocols::BankClient banks[2];
torture::Findings findings("teller");

/// `is_right`, or what an answer of `value` means where `expected` was right, and `untouched` is what was there before.
void expect(u32 which, const Result<u64>& value, u64 expected, u64 untouched) {
  if (!value) return findings.add(kNames[which], Finding::Wrong, error_name(value.error()));
  if (*value == expected) return;
  if (*value == untouched) return findings.add(kNames[which], Finding::Lost, "a booking is missing");
  bool is_double = *value - expected == expected - untouched;
  findings.add(kNames[which], is_double ? Finding::Doubled : Finding::Wrong, "the balance is wrong");
}

/// What was sent to the second bank, so that neither is ever without money.
void bring_back(u64 account, u64 amount) {
  books.balance[0][account] += amount;
  books.balance[1][account] -= amount;
  books.bookings[0]++;
  books.bookings[1]++;
  if (auto credit = banks[0].credit(account, amount); !credit) findings.add(kNames[0], Finding::Wrong, error_name(credit.error()));
  if (auto debit = banks[1].debit(account, amount); !debit) findings.add(kNames[1], Finding::Wrong, error_name(debit.error()));
}

/// Within the first bank, or to the second.
void move(Random& random) {
  u64 from = random.below(bank::kAccounts), to = random.below(bank::kAccounts);
  u64 amount = 1 + random.below(300);
  bool is_sent = random.below(3) == 0;
  u64& source = books.balance[0][from];
  Result<u64> left = is_sent ? banks[0].send(from, to, amount) : banks[0].transfer(from, to, amount);
  if (source < amount) {
    if (left.error() != Error::Limit) findings.add(kNames[0], Finding::Wrong, "more than there was has been moved");
    return;
  }
  u64 before = source;
  source -= amount;
  books.balance[is_sent][to] += amount;
  books.bookings[0]++;
  if (is_sent) books.bookings[1]++;
  expect(0, left, before - amount + (!is_sent && from == to ? amount : 0), before);
  if (is_sent) bring_back(to, amount);
}

/// The books become what the bank says, so that one finding is not found again and again.
void take_over(u32 which) {
  for (u64 account = 0; account < bank::kAccounts; account++)
    books.balance[which][account] = banks[which].balance(account).value_or(books.balance[which][account]);
  if (auto total = banks[which].total()) books.bookings[which] = total->bookings;
}

void audit(u32 which) {
  u64 money = 0;
  for (u64 one : books.balance[which]) money += one;
  auto total = banks[which].total();
  if (!total) return findings.add(kNames[which], Finding::Wrong, error_name(total.error()));
  u64 bookings = books.bookings[which];
  if (total->bookings < bookings) findings.add(kNames[which], Finding::Lost, "bookings are missing");
  if (total->bookings > bookings) findings.add(kNames[which], Finding::Doubled, "there are more bookings");
  if (total->bookings == bookings && total->money != money) findings.add(kNames[which], Finding::Wrong, "money has come or gone");
}

/// Every account, from time to time.
void compare_accounts(u32 which) {
  for (u64 account = 0; account < bank::kAccounts; account++) {
    auto balance = banks[which].balance(account);
    if (!balance || *balance != books.balance[which][account]) return findings.add(kNames[which], Finding::Wrong, "an account is wrong");
  }
}

void compare(u64 round) {
  constexpr u64 kAllAccounts = 16;  // rounds
  for (u32 which = 0; which < 2; which++) {
    u64 before = findings.total();
    audit(which);
    if (round % kAllAccounts == 0) compare_accounts(which);
    if (findings.total() != before) take_over(which);
  }
}

/// How often a component was restarted.
u64 restarts_of(const protocols::SupervisorClient& supervisor, std::string_view wanted) {
  u64 restarts = number_in_state(supervisor, component_called(supervisor, wanted), "restarts ");
  return restarts == ~u64{0} ? 0 : restarts;
}

}  // namespace

int main() {
  for (u32 which = 0; which < 2; which++) banks[which].slot = find_slot(kNames[which]).value_or(kNoSlot);
  for (auto& balances : books.balance) {
    for (u64& one : balances) one = 1000;
  }
  std::string_view text = arguments(), key = "restarts=";
  u64 restarts = text.starts_with(key) ? strtoul(text.data() + key.size(), nullptr, 10) : 0;
  Random random(start_information().seed[0]);
  protocols::SupervisorClient supervisor{find_slot("supervisor").value_or(kNoSlot)};
  u64 round = 0;
  do {
    for (u32 i = 0; i < 100; i++) {
      u64 before = findings.total();
      move(random);
      if (findings.total() != before) take_over(0);
      findings.count_operation();
    }
    compare(++round);
  } while (restarts == 0 ||
           (findings.total() == 0 && (restarts_of(supervisor, "bank") < restarts || restarts_of(supervisor, "clearing") < restarts)));
  findings.log_counts();
  log_line(LogLevel::Information, "teller: %s: %llu operations, %llu wrong", findings.total() == 0 ? "passed" : "failed",
           static_cast<unsigned long long>(findings.operations()), static_cast<unsigned long long>(findings.total()));
  (void)supervisor.power(0, findings.total() != 0);
  return 1;
}
