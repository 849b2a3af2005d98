// Compares what a bank says with what it should.
#include "tests/components/books.h"

#include <cstring>

#include "abi/kernel.h"
#include "lib/random.h"

namespace pith::bank {

using torture::Finding;

void Books::begin(std::string_view name, CapabilitySlot slot, torture::Findings& findings) {
  memcpy(name_, name.data(), name.size() < sizeof name_ ? name.size() : sizeof name_ - 1);
  client_.slot = slot;
  findings_ = &findings;
  for (u64 account = 0; account < kAccounts; account++) open(account);
}

void Books::open(u64 account) {
  check_done(client_.open(key_of(account)));
  balance_[account] = seed_[account] = 0;
  credit(account, kAtFirst);
}

/// `line`: without number and checksum, as the bank should have written it.
void Books::book(Line line) {
  line.number = bookings_++;
  line.check = line.checksum();
  last_ = line;
}

/// What an answer of `left` means where `expected` was right, and `untouched` is what was there before.
void Books::check_left(const Result<u64>& left, u64 expected, u64 untouched) {
  if (!left) return wrong(error_name(left.error()));
  if (*left == expected) return;
  if (*left == untouched) return findings_->add(name_, Finding::Lost, "a booking is missing");
  bool is_double = *left - expected == expected - untouched;
  findings_->add(name_, is_double ? Finding::Doubled : Finding::Wrong, "the balance is wrong");
}

void Books::check_done(const Result<void>& done) {
  if (!done) wrong(error_name(done.error()));
}

void Books::transfer(u64 from, u64 to, u64 amount) {
  u64 before = balance_[from];
  Result<u64> left = client_.transfer(key_of(from), key_of(to), amount);
  if (before < amount) {
    if (left.error() != Error::Limit) wrong("more than there was has been moved");
    return;
  }
  balance_[from] -= amount;
  balance_[to] += amount;
  book({.from = key_of(from),
        .to = key_of(to),
        .amount = amount,
        .left = balance_[from],
        .arrived = balance_[to],
        .kind = Line::Kind::Transfer});
  check_left(left, balance_[from], before);
}

bool Books::send(Books& partner, u64 from, u64 to, u64 amount) {
  u64 before = balance_[from];
  Result<u64> left = client_.send(key_of(from), key_of(to), amount);
  if (before < amount) {
    if (left.error() != Error::Limit) wrong("more than there was has been sent");
    return false;
  }
  balance_[from] -= amount;
  book({.from = key_of(from), .amount = amount, .left = balance_[from], .kind = Line::Kind::Send});
  partner.balance_[to] += amount;
  partner.book({.to = key_of(to), .amount = amount, .arrived = partner.balance_[to], .kind = Line::Kind::Credit});
  check_left(left, balance_[from], before);
  return true;
}

void Books::credit(u64 to, u64 amount) {
  balance_[to] += amount;
  book({.to = key_of(to), .amount = amount, .arrived = balance_[to], .kind = Line::Kind::Credit});
  check_done(client_.credit(key_of(to), amount));
}

void Books::debit(u64 from, u64 amount) {
  balance_[from] -= amount;
  book({.from = key_of(from), .amount = amount, .left = balance_[from], .kind = Line::Kind::Debit});
  check_done(client_.debit(key_of(from), amount));
}

Books::Value Books::value_of(u64 seed) {
  Value value{};
  if (seed == 0) return value;
  Random random(seed);
  value.size = 1 + random.below(kValueSize);
  for (usize i = 0; i < value.size; i++) value.bytes[i] = std::byte(random.below(256));
  return value;
}

void Books::put(u64 account, u64 seed) {
  seed_[account] = seed;
  Value value = value_of(seed);
  check_done(client_.put(key_of(account), value.span()));
}

bool Books::has_value(u64 account) {
  auto kept = client_.get(key_of(account));
  Value value = value_of(seed_[account]);
  return kept && kept->size() == value.size && memcmp(kept->data.data(), value.bytes, value.size) == 0;
}

void Books::get(u64 account) {
  if (!has_value(account)) wrong("a value is not the one that was put there");
}

void Books::compare_last_line() {
  auto line = client_.line(last_.number);
  if (!line || line->size() != sizeof last_ || memcmp(line->data.data(), &last_, sizeof last_) != 0)
    wrong("the last line of the log is wrong");
}

void Books::audit() {
  u64 money = 0;
  for (u64 one : balance_) money += one;
  auto total = client_.total();
  if (!total) return wrong(error_name(total.error()));
  if (total->bookings < bookings_) findings_->add(name_, Finding::Lost, "bookings are missing");
  if (total->bookings > bookings_) findings_->add(name_, Finding::Doubled, "there are more bookings");
  if (total->bookings != bookings_) return;
  if (total->money != money) wrong("money has come or gone");
  compare_last_line();
}

void Books::compare_accounts() {
  for (u64 account = 0; account < kAccounts; account++) {
    auto balance = client_.balance(key_of(account));
    if (!balance || *balance != balance_[account]) return wrong("an account is wrong");
    if (!has_value(account)) return wrong("a value is wrong");
  }
}

void Books::take_over() {
  for (u64 account = 0; account < kAccounts; account++) {
    auto balance = client_.balance(key_of(account));
    if (balance) {
      balance_[account] = *balance;
    } else if (balance.error() == Error::NotFound) {
      open(account);
    }
    if (!has_value(account)) put(account, seed_[account] + 1);
  }
  auto total = client_.total();
  if (!total) return;
  bookings_ = total->bookings;
  auto line = client_.line(bookings_ - 1);
  if (line && line->size() == sizeof last_) memcpy(static_cast<void*>(&last_), line->data.data(), sizeof last_);
}

}  // namespace pith::bank
