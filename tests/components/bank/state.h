// What a bank keeps in its vault: accounts in a hash table, their values, and the log of what was done with them.
#pragma once
#include "abi/error.h"
#include "base/result.h"
#include "lib/crc32c.h"

namespace pith::bank {

inline constexpr u32 kMostAccounts = 128;
inline constexpr u32 kLines = 64;
inline constexpr usize kValueSize = 64;
/// No account may hold more.
inline constexpr u64 kMost = 1'000'000;

/// What one booking did. Where money has come from elsewhere, or gone there, that side is 0.
struct Line {
  enum class Kind : u32 { Transfer, Send, Credit, Debit };

  u64 number = 0;  ///< of the booking, from 0 on
  u64 from = 0, to = 0;
  u64 amount = 0;
  u64 left = 0, arrived = 0;  ///< on the two accounts afterwards
  Kind kind = Kind::Transfer;
  u32 check = 0;  ///< CRC-32C of what is before

  u32 checksum() const { return crc32c(std::as_bytes(std::span(this, 1)).first(offsetof(Line, check))); }
};
static_assert(sizeof(Line) == 56);

struct Account {
  u64 key;
  u64 balance;
  u32 value;       ///< where it is among the values
  u32 value_size;  ///< bytes
  u64 is_open;     ///< 1: this place of the table is taken
};

/// What lasts. A value, and a line, is written where nothing refers to yet, without being logged; what refers to it is.
struct State {
  static constexpr u64 kLayout = 1;

  Account accounts[kMostAccounts];  ///< open addressing: an account is at its key's place, or behind it
  u64 open;                         ///< so many of them
  u64 money;                        ///< on all of them together
  u64 sender;                       ///< of what is on its way to the partner
  u64 sent;
  u64 bookings;
  u32 free_value;  ///< the place that is no account's
  u32 unused;
  Line lines[kLines];  ///< that of booking N at N modulo kLines; the oldest one's place is free for the next
  std::byte values[kMostAccounts + 1][kValueSize];

  /// Of a new bank.
  void begin() { free_value = kMostAccounts; }
  /// Whether the sums are right, every value is some place's, and the last line is what was written.
  bool check() const;

  /// Errors: NotFound.
  Result<Account*> find(u64 key);
  Result<const Account*> find(u64 key) const;
  /// Errors: Occupied, Limit.
  Result<void> add(u64 key);
  /// At most kValueSize bytes.
  void put(Account& account, std::span<const std::byte> value);
  std::span<const std::byte> get(const Account& account) const { return {values[account.value], account.value_size}; }
  /// `line`: without number and checksum.
  void book(Line line);
  /// Errors: NotFound.
  Result<const Line*> line(u64 number) const;
};

}  // namespace pith::bank
