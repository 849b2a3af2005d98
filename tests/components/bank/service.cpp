// What the bank does; each method is an event.
#include "tests/components/bank/service.h"

namespace pith::bank {

namespace {

/// What becomes of the partner's answer.
constexpr u64 kSent = 1;
constexpr u64 kElsewhere = ~u64{0};

}  // namespace

void State::begin() {
  for (u64& one : balance) one = 1000;
}

Result<void> Service::check(u64 from, u64 amount) const {
  if (from >= kAccounts || amount == 0) return Error::BadArgument;
  if (state_.balance[from] < amount) return Error::Limit;
  return {};
}

void Service::book(u64 from, u64 to, u64 amount) { state_.book[state_.bookings++ % kLines] = {from, to, amount}; }

Result<u64> Service::transfer(Session, u64 from, u64 to, u64 amount) {
  TRY(check(from, amount));
  if (to >= kAccounts) return Error::BadArgument;
  state_.balance[from] -= amount;
  state_.balance[to] += amount;
  book(from, to, amount);
  return state_.balance[from];
}

Result<void> Service::send(Session, Token, u64 from, u64 to, u64 amount) {
  TRY(check(from, amount));
  if (partner_ == kNoSlot) return Error::NotFound;
  state_.balance[from] -= amount;
  state_.sender = from;
  state_.sent = amount;
  return vault::intend_call(partner_, {{u64(protocols::BankMethod::Credit), to, amount}}, kRegisterWords, kSent);
}

ipc::Answer Service::answered(u64 then, const ipc::Received& received) {
  if (then != kSent) return ipc::Answer::status(Error::BadState);
  if (Error error = ipc::answer_error(received); error != kSuccess) {
    state_.balance[state_.sender] += state_.sent;
    return ipc::Answer::status(error);
  }
  book(state_.sender, kElsewhere, state_.sent);
  return {{{0, state_.balance[state_.sender]}}};
}

Result<void> Service::credit(Session, u64 to, u64 amount) {
  if (to >= kAccounts) return Error::BadArgument;
  if (amount > kMost || state_.balance[to] + amount > kMost) return Error::Limit;
  state_.balance[to] += amount;
  book(kElsewhere, to, amount);
  return {};
}

Result<void> Service::debit(Session, u64 from, u64 amount) {
  TRY(check(from, amount));
  state_.balance[from] -= amount;
  book(from, kElsewhere, amount);
  return {};
}

Result<u64> Service::balance(Session, u64 account) {
  if (account >= kAccounts) return Error::BadArgument;
  return state_.balance[account];
}

Result<protocols::BankTotalResult> Service::total(Session) {
  u64 money = 0;
  for (u64 one : state_.balance) money += one;
  return protocols::BankTotalResult{money, state_.bookings};
}

}  // namespace pith::bank
