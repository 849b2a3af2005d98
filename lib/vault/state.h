// A service's state in its vault, behind the vault's own words.
#pragma once
#include "abi/error.h"
#include "lib/start.h"
#include "lib/vault/bulk.h"
#include "lib/vault/event.h"
#include "lib/vault/exchange.h"
#include "lib/vault/ladder.h"

namespace pith::vault {

/// What a service keeps in its vault: a type of plain data, with the number of its layout, and the state that a new service begins with.
/// It may have `bool check() const`: whether it makes sense. One that does not is begun anew at the next start.
template <class T>
concept State = std::is_trivially_copyable_v<T> && requires(T& state) {
  { T::kLayout } -> std::convertible_to<u64>;
  state.begin();
};

inline constexpr u64 kStateOffset = (sizeof(Header) + 63) / 64 * 64;

/// Whether the next instance can live with what is there.
template <State T>
bool is_sound(const T& state) {
  if (is_vault_doomed()) return false;
  if constexpr (requires { state.check(); }) return state.check();
  return true;
}

/// Opens vault and log; what the instance before left unfinished has been taken back. The first instance begins the state, on memory that
/// is zero, and so does one that finds a state that makes no sense, or that the service dies of. Errors: NoMemory where the manifest gives
/// less than the state needs, NotSupported when the state has another layout.
template <State T>
Result<T*> open_state() {
  const StartInformation& start = start_information();
  if (start.vault_size < kStateOffset + sizeof(T) || start.undo_log_size <= kFirstEntry - kLogAddress) return Error::NoMemory;
  note_start(open(start.undo_log_size));
  auto* state = reinterpret_cast<T*>(kAddress + kStateOffset);
  if (header().layout == T::kLayout && !is_sound(*state)) {
    TRY(run_event([]() -> Result<void> {
      give_up_calls();
      header().layout = 0;
      return {};
    }));
  }
  if (header().layout == 0) {
    clear_unlogged(state, sizeof(T));
    TRY(run_event([&]() -> Result<void> {
      state->begin();
      header().layout = T::kLayout;
      round().calls = u64{start.instance} << 32;  // numbers of calls that another vault of this service has intended do not come again
      return {};
    }));
  }
  if (header().layout != T::kLayout) return Error::NotSupported;
  return state;
}

}  // namespace pith::vault
