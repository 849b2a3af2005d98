// What a bank should have in its books, for a client that has all that is done with its accounts done through here: each answer is
// compared.
#pragma once
#include <string_view>

#include "protocols/bank.h"
#include "tests/components/bank/state.h"
#include "tests/fault/findings.h"

namespace pith::bank {

class Books {
 public:
  static constexpr u32 kAccounts = 64;
  static constexpr u64 kAtFirst = 1000;

  /// Opens the accounts of a new bank and pays kAtFirst into each.
  void begin(std::string_view name, CapabilitySlot slot, torture::Findings& findings);
  const char* name() const { return name_; }

  // Accounts by their index here; the bank knows them under keys of 64 bits.
  void transfer(u64 from, u64 to, u64 amount);
  /// Answers whether it was done.
  bool send(Books& partner, u64 from, u64 to, u64 amount);
  void credit(u64 to, u64 amount);
  void debit(u64 from, u64 amount);
  /// Puts a value that is made of `seed`.
  void put(u64 account, u64 seed);
  void get(u64 account);

  /// The sums, and the last line of the log.
  void audit();
  /// Every account.
  void compare_accounts();
  /// The books become what the bank says, so that one finding is not found again and again; a bank without these accounts has begun anew.
  void take_over();

 private:
  struct Value {
    std::byte bytes[kValueSize];
    usize size;
    std::span<const std::byte> span() const { return {bytes, size}; }
  };
  /// Seed 0: it was never put.
  static Value value_of(u64 seed);
  static u64 key_of(u64 account) { return (account + 1) * 0xd1342543de82ef95; }

  void open(u64 account);
  void book(Line line);
  void check_left(const Result<u64>& left, u64 expected, u64 untouched);
  void check_done(const Result<void>& done);
  void compare_last_line();
  bool has_value(u64 account);
  void wrong(const char* what) { findings_->add(name_, torture::Finding::Wrong, what); }

  char name_[24];
  protocols::BankClient client_;
  torture::Findings* findings_;
  u64 balance_[kAccounts];
  u64 seed_[kAccounts];  ///< of the value
  u64 bookings_;
  Line last_;
};

}  // namespace pith::bank
