// Events for the measurement of vaults: what a server stores for a request, compiled without and with the undo log.
#pragma once
#include "abi/vault.h"

namespace pith::guest_test {

/// A state of several pages.
struct VaultState {
  struct Line {
    u64 number, from, to, amount;
  };
  u64 balance[512];
  u64 count;
  Line lines[127];
  char text[8][4096];
};

/// Of one way to be compiled.
struct VaultWork {
  const char* name;
  void (*event)(VaultState&, u64 round);
};

inline constexpr u32 kVaultWorks = 4;
extern const VaultWork plain_work[kVaultWorks], logged_work[kVaultWorks];

}  // namespace pith::guest_test
