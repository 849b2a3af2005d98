// What the bank does; each method is an event, except those that only read.
#include "tests/components/bank/service.h"

namespace pith::bank {

namespace {

/// What becomes of the partner's answer.
constexpr u64 kSent = 1;

}  // namespace

/// Errors: NotFound, BadArgument for nothing, Limit for more than there is.
Result<Account*> Service::find_payer(u64 key, u64 amount) {
  Account* from = TRY(state_.find(key));
  if (amount == 0) return Error::BadArgument;
  if (from->balance < amount) return Error::Limit;
  return from;
}

Result<void> Service::open(Session, u64 account) { return state_.add(account); }

Result<u64> Service::transfer(Session, u64 from_key, u64 to_key, u64 amount) {
  Account& from = *TRY(find_payer(from_key, amount));
  Account& to = *TRY(state_.find(to_key));
  if (&from != &to && to.balance + amount > kMost) return Error::Limit;
  from.balance -= amount;
  to.balance += amount;
  state_.book(
      {.from = from_key, .to = to_key, .amount = amount, .left = from.balance, .arrived = to.balance, .kind = Line::Kind::Transfer});
  return from.balance;
}

Result<void> Service::send(Session, Token, u64 from_key, u64 to_key, u64 amount) {
  Account& from = *TRY(find_payer(from_key, amount));
  if (partner_ == kNoSlot) return Error::NotSupported;
  from.balance -= amount;
  state_.money -= amount;
  state_.sender = from_key;
  state_.sent = amount;
  return vault::intend_call(partner_, {{u64(protocols::BankMethod::Credit), to_key, amount}}, kRegisterWords, kSent);
}

ipc::Answer Service::answered(u64 then, const ipc::Received& received) {
  Result<Account*> from = state_.find(state_.sender);
  if (then != kSent || !from) return ipc::Answer::status(Error::BadState);
  u64& balance = (*from)->balance;
  if (Error error = ipc::answer_error(received); error != kSuccess) {
    balance += state_.sent;
    state_.money += state_.sent;
    return ipc::Answer::status(error);
  }
  state_.book({.from = state_.sender, .amount = state_.sent, .left = balance, .kind = Line::Kind::Send});
  return {{{0, balance}}};
}

Result<void> Service::credit(Session, u64 key, u64 amount) {
  Account& to = *TRY(state_.find(key));
  if (amount == 0) return Error::BadArgument;
  if (amount > kMost || to.balance + amount > kMost) return Error::Limit;
  to.balance += amount;
  state_.money += amount;
  state_.book({.to = key, .amount = amount, .arrived = to.balance, .kind = Line::Kind::Credit});
  return {};
}

Result<void> Service::debit(Session, u64 key, u64 amount) {
  Account& from = *TRY(find_payer(key, amount));
  from.balance -= amount;
  state_.money -= amount;
  state_.book({.from = key, .amount = amount, .left = from.balance, .kind = Line::Kind::Debit});
  return {};
}

Result<u64> Service::balance(Session, u64 account) const { return TRY(std::as_const(state_).find(account))->balance; }

Result<void> Service::put(Session, u64 account, std::span<const std::byte> value) {
  state_.put(*TRY(state_.find(account)), value);
  return {};
}

Result<Bytes> Service::get(Session, u64 account, std::span<std::byte, 64>) const {
  return Bytes{state_.get(*TRY(std::as_const(state_).find(account)))};
}

Result<protocols::BankTotalResult> Service::total(Session) const {
  u64 money = 0;
  for (const Account& account : state_.accounts) money += account.balance;
  return protocols::BankTotalResult{money, state_.bookings};
}

Result<Bytes> Service::line(Session, u64 number, std::span<std::byte, 56>) const {
  return Bytes{std::as_bytes(std::span(TRY(state_.line(number)), 1))};
}

}  // namespace pith::bank
