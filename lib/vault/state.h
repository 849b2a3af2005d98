// A service's state in its vault, behind the vault's own words.
#pragma once
#include <cstring>
#include <utility>

#include "abi/error.h"
#include "lib/start.h"
#include "lib/vault/bulk.h"
#include "lib/vault/event.h"
#include "lib/vault/exchange.h"
#include "lib/vault/ladder.h"

namespace pith::vault {

/// What a service keeps in its vault: a type of plain data, with the number of its layout (not 0), and the state that a new service begins
/// with. It may have a `bool check() const`: whether it makes sense.
template <class T>
concept State = std::is_trivially_copyable_v<T> && requires(T& state) {
  { T::kLayout } -> std::convertible_to<u64>;
  state.begin();
};

/// A state that can be made of the one that another version of the program has left. `before` is a copy, and `state` all zero.
template <class T>
concept MigratingState = State<T> && State<typename T::Before> && requires(T& state, const typename T::Before& before) {
  state.migrate(before);
};

inline constexpr u64 kStateOffset = (sizeof(Header) + 63) / 64 * 64;

/// Makes the vault all zero, with a line in the log that says so: it was not what any instance leaves, or its service dies of it. Calls
/// that wait are answered SessionDead.
Result<void> give_up_vault(u64 size);

namespace detail {

template <State T>
bool is_sound(const T& state) {
  if (header().layout != T::kLayout) return false;
  if constexpr (requires {
                  { state.check() } -> std::same_as<bool>;
                })
    return state.check();
  return true;
}

/// One event: a crash in it leaves the old state. Both copies lie outside of the vault, so that each word is logged once. tools/layout
/// finds the types by this function's name. Errors: NoSpace when the log does not hold the new state.
template <State T, State Before>
[[gnu::noinline]] Result<void> migrate_state(T& state) {
  static T next;
  static Before before;
  memcpy(&before, &state, sizeof before);
  memset(&next, 0, sizeof next);
  next.migrate(std::as_const(before));
  return run_event([&]() -> Result<void> {
    memcpy(&state, &next, sizeof next);
    header().layout = T::kLayout;
    return {};
  });
}

}  // namespace detail

/// Opens vault and log; what the instance before left unfinished has been taken back. The first instance begins the state, and so does one
/// that finds nonsense: an instance that was not itself any more has written it. What another version of the program has left is migrated;
/// root starts no version that could not. Errors: NoMemory where the manifest gives less than the state needs, NoSpace when migrating needs
/// more log.
template <State T>
Result<T*> open_state() {
  static_assert(T::kLayout != 0);
  const StartInformation& start = start_information();
  if (start.vault_size < kStateOffset + sizeof(T) || start.undo_log_size <= kFirstEntry - kLogAddress) return Error::NoMemory;
  note_start(open(start.undo_log_size));
  auto* state = reinterpret_cast<T*>(kAddress + kStateOffset);
  if (is_exchange_sound() && !is_vault_doomed()) {
    if (detail::is_sound(std::as_const(*state))) return state;
    if constexpr (MigratingState<T>) {
      if (detail::is_sound(*reinterpret_cast<const typename T::Before*>(state))) {
        TRY((detail::migrate_state<T, typename T::Before>(*state)));
        return state;
      }
    }
  }
  if (header().layout != 0) TRY(give_up_vault(start.vault_size));
  TRY(run_event([&]() -> Result<void> {
    state->begin();
    header().layout = T::kLayout;
    change_round().calls = u64{start.instance} << 32;  // numbers of calls that another vault of this service has intended do not come again
    return {};
  }));
  return state;
}

}  // namespace pith::vault
