// The undo log of a vault: what was stored since an event began, and how that is taken back. The entries are written by code that the
// compiler adds to every store (tools/undo-log).
#pragma once
#include <cstddef>
#include <span>

#include "abi/vault.h"
#include "base/result.h"

namespace pith::vault {

inline UndoLog& undo_log() { return *reinterpret_cast<UndoLog*>(kLogAddress); }

/// A stopped instance's vault and log, wherever whoever looks at them has them mapped. Everything in them may be garbage.
struct Remains {
  std::span<std::byte> vault;      ///< that the instance had at kAddress
  std::span<const std::byte> log;  ///< that it had at kLogAddress
};

/// Puts back every word that the log holds, newest first: the vault is as it was when the event began. Nothing is to be done unless an
/// event was in progress. Writes only within `remains.vault`. Answers how many words were put back. Errors: Damaged, with nothing written,
/// when the log's beginning or an entry is not what the compiler's code writes.
Result<u64> roll_back(const Remains& remains);

}  // namespace pith::vault
