// What the runtime keeps beside the vault, in the instance's own memory: gone after a crash, and found again from what is in the vault's
// log.
#pragma once
#include <csetjmp>

#include "lib/vault/exchange.h"

namespace pith::vault {

/// In one place, so that a test can play several instances.
struct Local {
  u64 limit;              ///< the log's during an event; between events nothing may be stored, and there is room for nothing
  std::jmp_buf* aborted;  ///< where an event that is taken back goes on; the stack is all that it leaves behind
  Error abort_reason;
  bool is_unfinished;      ///< the last event of this number was taken back, or may have been
  bool is_parked;          ///< and why
  bool is_unsettled;       ///< there is something to be done before the next message, or may be
  u64 used_places;         ///< of calls
  Token spare = kNoToken;  ///< one of them, for the next call
  u64 fresh_answers;       ///< of the last events, not yet sent
  Token event_token;       ///< of the call that the event is for
  Round* round;            ///< that counts; null: to be found
  u8 kept_for[kSessions];  ///< place + 1 of the last answer to a call that the session's vault intended
};

extern Local local;

}  // namespace pith::vault
