// A client of banks that knows what each answer must be, while they are hurt, killed or updated. Arguments: their names, the partner of the
// others last; then `restarts=N`: it ends when each was restarted so often; or `until=COMPONENT`: when that one has ended; or neither. It
// ends the machine, with 0 when all was right, and at once when something was not; without an end it goes on whatever it finds.
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "abi/kernel.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "tests/components/books.h"
#include "tests/components/states.h"

namespace {

using namespace pith;
using bank::Books;
using torture::Finding;

constexpr u32 kMostBanks = 3;
constexpr u64 kAllAccounts = 16;  // rounds

torture::Findings findings("teller");
Books banks[kMostBanks];
u32 bank_count;
u64 wanted_restarts;
std::string_view last_component;
protocols::SupervisorClient supervisor;

/// Within a bank, or to the last one.
void move(Random& random) {
  Books& bank = banks[random.below(bank_count - 1)];
  Books& partner = banks[bank_count - 1];
  u64 from = random.below(Books::kAccounts), to = random.below(Books::kAccounts);
  u64 amount = 1 + random.below(300);
  if (random.below(3) != 0) return bank.transfer(from, to, amount);
  if (!bank.send(partner, from, to, amount)) return;
  // So that neither is ever without money.
  bank.credit(to, amount);
  partner.debit(to, amount);
}

/// A value that is found again.
void keep(Random& random) {
  Books& bank = banks[random.below(bank_count)];
  bank.put(random.below(Books::kAccounts), random.below(~u64{0}));
  bank.get(random.below(Books::kAccounts));
}

void compare(u64 round) {
  for (u32 which = 0; which < bank_count; which++) {
    u64 before = findings.total();
    banks[which].audit();
    if (round % kAllAccounts == 0) banks[which].compare_accounts();
    if (findings.total() != before) banks[which].take_over();
  }
}

void operate(Random& random) {
  u64 before = findings.total();
  if (random.below(4) == 0) {
    keep(random);
  } else {
    move(random);
  }
  for (u32 which = 0; findings.total() != before && which < bank_count; which++) banks[which].take_over();
  findings.count_operation();
}

bool is_over() {
  if (wanted_restarts == 0 && last_component.empty()) return false;
  if (findings.total() != 0) return true;
  if (!last_component.empty()) {
    Result<Bytes> state = supervisor.state(component_called(supervisor, last_component));
    return !state || state->text().find("state running") == std::string_view::npos;
  }
  for (u32 which = 0; which < bank_count; which++) {
    u64 restarts = number_in_state(supervisor, component_called(supervisor, banks[which].name()), "restarts ");
    if (restarts == ~u64{0} || restarts < wanted_restarts) return false;
  }
  return true;
}

void read_argument(std::string_view word) {
  constexpr std::string_view kRestarts = "restarts=", kUntil = "until=";
  if (word.starts_with(kRestarts)) {
    wanted_restarts = strtoul(word.data() + kRestarts.size(), nullptr, 10);
  } else if (word.starts_with(kUntil)) {
    last_component = word.substr(kUntil.size());
  } else if (bank_count < kMostBanks) {
    banks[bank_count++].begin(word, find_slot(word).value_or(kNoSlot), findings);
  }
}

}  // namespace

int main() {
  for (std::string_view rest = arguments(); !rest.empty();) {
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size() < rest.size() ? word.size() + 1 : word.size());
    read_argument(word);
  }
  if (bank_count < 2) return 1;
  Random random(start_information().seed[0]);
  supervisor.slot = find_slot("supervisor").value_or(kNoSlot);
  u64 round = 0;
  do {
    for (u32 i = 0; i < 100; i++) operate(random);
    compare(++round);
  } while (!is_over());
  findings.log_counts();
  log_line(LogLevel::Information, "teller: %s: %llu operations, %llu wrong", findings.total() == 0 ? "passed" : "failed",
           static_cast<unsigned long long>(findings.operations()), static_cast<unsigned long long>(findings.total()));
  (void)supervisor.power(0, findings.total() != 0);
  return 1;
}
