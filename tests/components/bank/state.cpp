// The hash table, the values and the log of a bank.
#include "tests/components/bank/state.h"

#include <utility>

#include "lib/vault/bulk.h"

namespace pith::bank {

namespace {

/// Where an account is looked for first [knuth/taocp 6.4].
u32 place_of(u64 key) { return u32(key * 0x9e3779b97f4a7c15 >> 57); }
static_assert(kMostAccounts == 1u << (64 - 57));

/// The account's place, or the free one where it would be; kMostAccounts: neither.
u32 search(const State& state, u64 key) {
  u32 place = place_of(key);
  for (u32 i = 0; i < kMostAccounts; i++) {
    const Account& account = state.accounts[place];
    if (account.is_open == 0 || account.key == key) return place;
    place = (place + 1) % kMostAccounts;
  }
  return kMostAccounts;
}

}  // namespace

bool State::check() const {
  u64 count = 0, sum = 0;
  bool is_taken[kMostAccounts + 1] = {};
  if (free_value > kMostAccounts) return false;
  is_taken[free_value] = true;
  for (const Account& account : accounts) {
    if (account.is_open == 0) continue;
    if (account.is_open != 1 || account.balance > kMost || account.value > kMostAccounts || account.value_size > kValueSize) return false;
    if (std::exchange(is_taken[account.value], true)) return false;
    count++;
    sum += account.balance;
  }
  if (count != open || sum != money) return false;
  if (bookings == 0) return true;
  const Line& last = lines[(bookings - 1) % kLines];
  return last.number == bookings - 1 && last.check == last.checksum();
}

Result<const Account*> State::find(u64 key) const {
  u32 place = search(*this, key);
  if (place == kMostAccounts || accounts[place].is_open == 0) return Error::NotFound;
  return &accounts[place];
}

Result<Account*> State::find(u64 key) { return const_cast<Account*>(TRY(std::as_const(*this).find(key))); }

Result<void> State::add(u64 key) {
  u32 place = search(*this, key);
  if (place == kMostAccounts) return Error::Limit;
  if (accounts[place].is_open != 0) return Error::Occupied;
  // A place that was never taken has its own value's place, which no other account has been given.
  accounts[place] = {key, 0, place, 0, 1};
  open++;
  return {};
}

void State::put(Account& account, std::span<const std::byte> value) {
  vault::store_unlogged(values[free_value], value);
  std::swap(account.value, free_value);
  account.value_size = u32(value.size());
}

void State::book(Line line) {
  line.number = bookings;
  line.check = line.checksum();
  vault::store_unlogged(&lines[bookings % kLines], std::as_bytes(std::span(&line, 1)));
  bookings++;
}

Result<const Line*> State::line(u64 number) const {
  if (number >= bookings || number + kLines <= bookings) return Error::NotFound;
  return &lines[number % kLines];
}

}  // namespace pith::bank
