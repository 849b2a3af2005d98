// The events themselves. WORK: the name of this compilation's list.
#include "tests/guest/vault_work.h"

namespace pith::guest_test {

namespace {

/// Two balances and a line of a journal: nine words in two pages.
void transfer(VaultState& state, u64 round) {
  u64 from = round * 7 % 512, to = round * 13 % 512;
  state.balance[from] -= round;
  state.balance[to] += round;
  state.lines[state.count % 127] = {state.count, from, to, round};
  state.count++;
}

/// A word in each of eight pages.
void scatter(VaultState& state, u64 round) {
  for (u32 page = 0; page < 8; page++) *reinterpret_cast<u64*>(state.text[page] + round % 512 * 8) += round;
}

/// A page of text and a word.
void copy(VaultState& state, u64 round) {
  __builtin_memcpy(state.text[round % 4], state.text[4 + round % 4], 4096);
  state.count++;
}

char payload[2][4096];

/// The same with the text outside of the vault.
void carry(VaultState& state, u64 round) {
  __builtin_memcpy(payload[round % 2], payload[1 - round % 2], 4096);
  state.count++;
}

}  // namespace

const VaultWork WORK[kVaultWorks] = {{"transfer", transfer}, {"scatter", scatter}, {"copy", copy}, {"carry", carry}};

}  // namespace pith::guest_test
