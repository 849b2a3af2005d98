// Where a vault lies and how the log before it is written: what the compiler's pass, the runtime, root and the tests agree on.
#pragma once
#include "abi/start_information.h"

namespace pith::vault {

/// A vault is somewhere in this window, and nothing else is: whether a store goes to it is one comparison.
inline constexpr u64 kWindowShift = 30;
inline constexpr u64 kWindowSize = u64{1} << kWindowShift;
inline constexpr u64 kAddress = kVaultAddress;
/// The undo log lies in the next window: stores to it are not logged.
inline constexpr u64 kLogAddress = kAddress + kWindowSize;

/// A word of the vault as it was before an event stored there.
struct UndoEntry {
  u64 address;  ///< of the word, aligned
  u64 value;    ///< that it had
  u64 check;    ///< check_of(): tells a whole entry from garbage
};
constexpr u64 check_of(u64 address, u64 value) { return ~(address ^ value); }

/// Functions in this section store without logging. They must not be inlined where others do.
inline constexpr char kUnloggedSection[] = ".text.unlogged";

/// How far the current event has come. The store that changes InEvent to Committed makes all that it did final at once.
enum class Phase : u64 {
  Idle,       ///< nothing is to be undone, and a message is there whose event has not begun
  InEvent,    ///< what the log holds is to be undone
  Committed,  ///< the log is void; as long as a call is in progress not all that the event has caused is out: its answer, its intents
  Reading,    ///< a method that changes nothing is being run
};

/// Events of a vault are counted; one that is taken back leaves its number to the next.
struct Progress {
  u64 raw;

  static constexpr Progress of(u64 event, Phase phase) { return {event << 2 | u64(phase)}; }
  constexpr u64 event() const { return raw >> 2; }
  constexpr Phase phase() const { return Phase(raw & 3); }
};

/// The beginning of the log's memory. `next` and `limit` are the addresses of entries: the compiler's pass reads and writes them.
struct UndoLog {
  u64 next;   ///< where the next entry goes
  u64 limit;  ///< where they end; 0 between events
  Progress progress;
};
/// What is valid only once an event is final follows the log's beginning: it is written without being logged (lib/vault/exchange.h).
inline constexpr u64 kExchangeAddress = kLogAddress + 64;
/// The entries come last.
inline constexpr u64 kFirstEntry = kLogAddress + 10 * kPageSize;
static_assert(sizeof(UndoLog) <= kExchangeAddress - kLogAddress);

}  // namespace pith::vault
