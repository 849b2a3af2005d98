// A client of the bank that knows what each answer must be, while the bank and its partner are killed; ends the machine with 0 when all was
// right.
#include <cstdlib>
#include <string_view>

#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/supervisor.h"
#include "tests/components/bank/service.h"

namespace {

using namespace pith;

/// The banks are used until each has been restarted so often.
constexpr u64 kRestarts = 100;

/// What the two banks should have in their books.
struct Books {
  u64 balance[2][bank::kAccounts];
  u64 bookings[2];
};

Books books;
protocols::BankClient banks[2];
u64 wrong;

void expect(bool is_right, u64 operation, const char* what) {
  if (is_right) return;
  if (wrong++ < 10) log_line(LogLevel::Error, "teller: operation %llu: %s", static_cast<unsigned long long>(operation), what);
}

/// Within the first bank, or to the second.
void move(u64 operation, Random& random) {
  u64 from = random.below(bank::kAccounts), to = random.below(bank::kAccounts);
  u64 amount = 1 + random.below(300);
  bool is_sent = random.below(3) == 0;
  u64& source = books.balance[0][from];
  Result<u64> left = is_sent ? banks[0].send(from, to, amount) : banks[0].transfer(from, to, amount);
  if (source < amount) return expect(left.error() == Error::Limit, operation, "more than there was has been moved");
  source -= amount;
  books.balance[is_sent][to] += amount;
  books.bookings[0]++;
  if (is_sent) books.bookings[1]++;
  expect(left && *left == source, operation, left ? "the balance is wrong" : error_name(left.error()));
  // Some of it comes back, so that there is always something to be moved.
  if (!is_sent) return;
  books.balance[0][to] += amount;
  books.bookings[0]++;
  expect(bool(banks[0].credit(to, amount)), operation, "a credit was refused");
}

void compare_totals(u64 operation) {
  for (u32 which = 0; which < 2; which++) {
    u64 money = 0;
    for (u64 one : books.balance[which]) money += one;
    auto total = banks[which].total();
    expect(total && total->money == money && total->bookings == books.bookings[which], operation, "the books are wrong");
  }
}

/// How often a component was restarted.
u64 restarts_of(const protocols::SupervisorClient& supervisor, std::string_view wanted) {
  u64 count = supervisor.count().value_or(0);
  for (u64 i = 0; i < count; i++) {
    Result<Bytes> name = supervisor.name(i);
    if (!name || name->text() != wanted) continue;
    Result<Bytes> state = supervisor.state(i);
    std::string_view text = state ? state->text() : "", key = "restarts ";
    usize at = text.find(key);
    return at == text.npos ? 0 : strtoul(text.data() + at + key.size(), nullptr, 10);
  }
  return 0;
}

}  // namespace

int main() {
  banks[0].slot = find_slot("bank").value_or(kNoSlot);
  banks[1].slot = find_slot("clearing").value_or(kNoSlot);
  for (auto& balances : books.balance) {
    for (u64& one : balances) one = 1000;
  }
  Random random(start_information().seed[0]);
  protocols::SupervisorClient supervisor{find_slot("supervisor").value_or(kNoSlot)};
  u64 operation = 0;
  do {
    for (u32 i = 0; i < 100; i++) move(operation++, random);
    compare_totals(operation);
  } while (wrong == 0 && (restarts_of(supervisor, "bank") < kRestarts || restarts_of(supervisor, "clearing") < kRestarts));
  log_line(LogLevel::Information, "teller: %s: %llu operations, %llu wrong", wrong == 0 ? "passed" : "failed",
           static_cast<unsigned long long>(operation), static_cast<unsigned long long>(wrong));
  (void)supervisor.power(0, wrong != 0);
  return 1;
}
