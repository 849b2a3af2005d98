// What a new instance does about the death of the one before: run the event again; if it dies of the same call again and again, answer that
// with an error; close a session whose calls do so; begin with a fresh vault when no call is to blame. What comes after that is the
// supervisor's (docs/decisions/0022).
#pragma once
#include "abi/error.h"
#include "lib/vault/exchange.h"

namespace pith::vault {

inline constexpr u32 kMostCrashes = 3;    ///< of one call
inline constexpr u32 kMostPoison = 3;     ///< calls of one session that the service has died of so often
inline constexpr u32 kMostFruitless = 5;  ///< crashes without one event becoming final in between

/// First of all in a new instance. `was_in_event`: the one before died in one.
void note_start(bool was_in_event);

/// Whether the vault itself seems to be what the service dies of.
bool is_vault_doomed();

/// In an event that begins the state anew: every call that waits has an error as its answer, SessionDead, and what was intended is not
/// done.
void give_up_calls();

namespace detail {
Error verdict_on(CallName call);
}  // namespace detail

/// What a call is to be answered instead of being run. Errors: NotSupported when the service has died of it, SessionDead when its session
/// is closed: until the component behind it is started anew.
inline Error verdict_on(CallName call) {
  const Trouble& trouble = exchange().trouble;
  bool is_good = trouble.crashes < kMostCrashes && trouble.poison[call.session] < kMostPoison;
  return is_good ? kSuccess : detail::verdict_on(call);
}

}  // namespace pith::vault
