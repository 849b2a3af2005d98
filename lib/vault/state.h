// A service's state in its vault, behind the vault's own words.
#pragma once
#include "abi/error.h"
#include "lib/start.h"
#include "lib/vault/event.h"
#include "lib/vault/exchange.h"

namespace pith::vault {

/// What a service keeps in its vault: a type of plain data, with the number of its layout, and the state that a new service begins with.
template <class T>
concept State = std::is_trivially_copyable_v<T> && requires(T& state) {
  { T::kLayout } -> std::convertible_to<u64>;
  state.begin();
};

inline constexpr u64 kStateOffset = (sizeof(Header) + 63) / 64 * 64;

/// Opens vault and log; what the instance before left unfinished has been taken back. The first instance begins the state. Errors: NoMemory
/// where the manifest gives less than the state needs, NotSupported when the state has another layout.
template <State T>
Result<T*> open_state() {
  const StartInformation& start = start_information();
  if (start.vault_size < kStateOffset + sizeof(T) || start.undo_log_size <= kFirstEntry - kLogAddress) return Error::NoMemory;
  open(start.undo_log_size);
  auto* state = reinterpret_cast<T*>(kAddress + kStateOffset);
  if (header().layout == 0) {
    TRY(run_event([&]() -> Result<void> {
      state->begin();
      header().layout = T::kLayout;
      return {};
    }));
  }
  if (header().layout != T::kLayout) return Error::NotSupported;
  return state;
}

}  // namespace pith::vault
