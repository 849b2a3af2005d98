// A bank with its accounts in a vault.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/bank_server.h"

namespace pith::bank {

inline constexpr u32 kAccounts = 64;
inline constexpr u32 kLines = 64;
/// No account may hold more.
inline constexpr u64 kMost = 1'000'000;

/// What lasts.
struct State {
  static constexpr u64 kLayout = 1;

  struct Line {
    u64 from, to;
    u64 amount;
  };
  u64 balance[kAccounts];
  u64 bookings;
  Line book[kLines];  ///< the last ones
  u64 sender;         ///< of what is on its way to the partner
  u64 sent;

  /// Of a new bank.
  void begin();
};

class Service : public vault::Transactional<protocols::BankServer> {
 public:
  /// `partner`: kNoSlot if there is none.
  Service(CapabilitySlot endpoint, State& state, CapabilitySlot partner) : Transactional(endpoint), state_(state), partner_(partner) {}

  Result<u64> transfer(Session session, u64 from, u64 to, u64 amount) override;
  Result<void> send(Session session, Token token, u64 from, u64 to, u64 amount) override;
  Result<void> credit(Session session, u64 to, u64 amount) override;
  Result<void> debit(Session session, u64 from, u64 amount) override;
  Result<u64> balance(Session session, u64 account) override;
  Result<protocols::BankTotalResult> total(Session session) override;

  ipc::Answer answered(u64 then, const ipc::Received& received) override;

 private:
  Result<void> check(u64 from, u64 amount) const;
  void book(u64 from, u64 to, u64 amount);

  State& state_;
  CapabilitySlot partner_;
};

}  // namespace pith::bank
