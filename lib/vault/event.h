// Events: the only time at which a vault changes. All that a handler stores there becomes final in one step, or not at all.
#pragma once
#include <type_traits>

#include "base/result.h"
#include "lib/vault/undo_log.h"

namespace pith::vault {

/// Makes the memory at kLogAddress a log. Called at start, when root has rolled back what the instance before has left. `log_size`: bytes,
/// at least a page. Answers whether that instance died in an event, or in a method that reads.
bool open(u64 log_size);

/// Ends the event in progress: all that it has stored in the vault is taken back, and run_event() answers `why`. Only called by a handler,
/// or below it.
[[noreturn]] void abort_event(Error why);

/// Whether a handler is being run. A store to the vault at any other time ends the instance by a trap.
inline bool is_in_event() { return undo_log().progress.phase() == Phase::InEvent; }

/// Number of the event in progress, or of the last one that is final.
inline u64 current_event() { return undo_log().progress.event(); }

/// All that the last event has caused is out, and the next message is there.
inline void note_idle() { undo_log().progress = Progress::of(current_event(), Phase::Idle); }

namespace detail {
using Handler = Result<void> (*)(void* context);
Result<void> run(Handler handler, void* context);
}  // namespace detail

/// Runs `handler`, which answers a Result<void>, as one event. With an error its stores are taken back. Errors: the handler's; NoSpace when
/// it stored more than the log holds.
template <class F>
Result<void> run_event(F&& handler) {
  using Bare = std::remove_reference_t<F>;
  return detail::run([](void* context) -> Result<void> { return (*static_cast<Bare*>(context))(); },
                     const_cast<std::remove_const_t<Bare>*>(&handler));
}

}  // namespace pith::vault
