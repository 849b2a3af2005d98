// A bank with its accounts in a vault: a store of values by key, and a log of what was done with the accounts.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/bank_server.h"
#include "tests/components/bank/state.h"

namespace pith::bank {

class Service : public vault::Transactional<protocols::BankServer> {
 public:
  /// `partner`: kNoSlot if there is none.
  Service(CapabilitySlot endpoint, State& state, CapabilitySlot partner) : Transactional(endpoint), state_(state), partner_(partner) {}

  Result<void> open(Session session, u64 account) override;
  Result<u64> transfer(Session session, u64 from, u64 to, u64 amount) override;
  Result<void> send(Session session, Token token, u64 from, u64 to, u64 amount) override;
  Result<void> credit(Session session, u64 to, u64 amount) override;
  Result<void> debit(Session session, u64 from, u64 amount) override;
  Result<u64> balance(Session session, u64 account) const override;
  Result<void> put(Session session, u64 account, std::span<const std::byte> value) override;
  Result<Bytes> get(Session session, u64 account, std::span<std::byte, 64> value_room) const override;
  Result<protocols::BankTotalResult> total(Session session) const override;
  Result<Bytes> line(Session session, u64 number, std::span<std::byte, 56> line_room) const override;

  ipc::Answer answered(u64 then, const ipc::Received& received) override;

 private:
  Result<Account*> find_payer(u64 key, u64 amount);

  State& state_;
  CapabilitySlot partner_;
};

}  // namespace pith::bank
