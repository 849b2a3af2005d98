// Calls that cannot go on yet: their events are taken back, and run again later. After a crash the kernel delivers such calls again.
#pragma once
#include "lib/vault/exchange.h"

namespace pith::vault {

/// Ends the event of a call, which is run again after another event, or when the service's look() says so. What the method has made of the
/// message buffer by then (calls, long answers) it must not have done: the message is kept as it lies there.
[[noreturn]] void park();
/// Whether the event that was just taken back has ended so.
bool take_parked();

/// In the order in which they came. Lives in the instance's own memory.
class ParkedCalls {
 public:
  struct Parked {
    u64 token;  ///< the kernel's, which names the call
    ipc::Received received;
    u64 words[kMessageWords];  ///< from kRegisterWords on
  };

  static constexpr u32 kMostOfSession = 8;

  u32 count() const { return count_; }
  /// Errors: Busy when there are too many, or too many of one session.
  Result<void> add(const ipc::Received& received, u64 token);
  /// The oldest, with its long words in the message buffer again. It stays in front until remove_first().
  const Parked& first();
  void remove_first();

 private:
  static constexpr u32 kMost = 16;
  Parked calls_[kMost] = {};
  u32 first_ = 0, count_ = 0;
};

}  // namespace pith::vault
