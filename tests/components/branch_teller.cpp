// A client of banks that knows what each answer must be, while they are killed or updated; ends the machine with 0 when all was right.
// Arguments: their names, the partner of the others last; then `until` and the component whose end is the end.
#include <string_view>

#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "tests/components/bank/service.h"
#include "tests/components/states.h"

namespace {

using namespace pith;

constexpr u32 kMostBanks = 3;

/// A bank, and what it should have in its books.
struct Bank {
  std::string_view name;
  protocols::BankClient client;
  u64 balance[bank::kAccounts];
  u64 bookings;
};

Bank banks[kMostBanks];
u32 bank_count;
std::string_view last_component;
u64 wrong;

void expect(bool is_right, u64 operation, const char* what) {
  if (is_right) return;
  if (wrong++ < 10) log_line(LogLevel::Error, "teller: operation %llu: %s", static_cast<unsigned long long>(operation), what);
}

/// Within a bank, or to the last one.
void move(u64 operation, Random& random) {
  Bank& bank = banks[random.below(bank_count - 1)];
  Bank& partner = banks[bank_count - 1];
  u64 from = random.below(bank::kAccounts), to = random.below(bank::kAccounts);
  u64 amount = 1 + random.below(300);
  bool is_sent = random.below(3) == 0;
  u64& source = bank.balance[from];
  Result<u64> left = is_sent ? bank.client.send(from, to, amount) : bank.client.transfer(from, to, amount);
  if (source < amount) return expect(left.error() == Error::Limit, operation, "more than there was has been moved");
  source -= amount;
  (is_sent ? partner : bank).balance[to] += amount;
  bank.bookings++;
  if (is_sent) partner.bookings++;
  expect(left && *left == source, operation, left ? "the balance is wrong" : error_name(left.error()));
  // Some of it comes back, so that there is always something to be moved.
  if (!is_sent) return;
  bank.balance[to] += amount;
  bank.bookings++;
  expect(bool(bank.client.credit(to, amount)), operation, "a credit was refused");
}

void compare_totals(u64 operation) {
  for (u32 which = 0; which < bank_count; which++) {
    const Bank& bank = banks[which];
    u64 money = 0;
    for (u64 one : bank.balance) money += one;
    auto total = bank.client.total();
    expect(total && total->money == money && total->bookings == bank.bookings, operation, "the books are wrong");
  }
}

bool is_over(const protocols::SupervisorClient& supervisor) {
  Result<Bytes> state = supervisor.state(component_called(supervisor, last_component));
  return !state || state->text().find("state running") == std::string_view::npos;
}

void read_arguments() {
  bool is_last = false;
  for (std::string_view rest = arguments(); !rest.empty();) {
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size() < rest.size() ? word.size() + 1 : word.size());
    if (is_last) {
      last_component = word;
    } else if (word == "until") {
      is_last = true;
    } else if (bank_count < kMostBanks) {
      Bank& bank = banks[bank_count++];
      bank.name = word;
      bank.client.slot = find_slot(word).value_or(kNoSlot);
      for (u64& one : bank.balance) one = 1000;
    }
  }
}

}  // namespace

int main() {
  read_arguments();
  Random random(start_information().seed[0]);
  protocols::SupervisorClient supervisor{find_slot("supervisor").value_or(kNoSlot)};
  u64 operation = 0;
  do {
    for (u32 i = 0; i < 100; i++) move(operation++, random);
    compare_totals(operation);
  } while (wrong == 0 && !is_over(supervisor));
  log_line(LogLevel::Information, "teller: %s: %llu operations, %llu wrong", wrong == 0 ? "passed" : "failed",
           static_cast<unsigned long long>(operation), static_cast<unsigned long long>(wrong));
  (void)supervisor.power(0, wrong != 0);
  return 1;
}
