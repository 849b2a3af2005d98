// The steps of an event, for the loop that takes one for each call.
#pragma once
#include "lib/vault/event.h"
#include "lib/vault/local.h"

namespace pith::vault {

/// What is stored before is there before: a crash finds memory as the program left it, so only the compiler has to be kept in order.
inline void set_progress(u64 event, Phase phase) {
  asm volatile("" ::: "memory");
  undo_log().progress = Progress::of(event, phase);
  asm volatile("" ::: "memory");
}

/// What belonged to events after `last` is gone.
void discard_after(u64 last);

/// From here on stores to the vault are logged, until commit_event() or take_back_event(). Answers the event's number.
inline u64 begin_event() {
  u64 event = current_event() + 1;
  UndoLog& log = undo_log();
  log.next = kFirstEntry;
  log.limit = local.limit;
  set_progress(event, Phase::InEvent);
  if (local.is_unfinished) [[unlikely]]
    discard_after(event - 1);
  return event;
}

/// The store by which all of it becomes final.
inline void commit_event(u64 event) {
  set_progress(event, Phase::Committed);
  undo_log().limit = 0;
}

/// The vault is as it was before begin_event().
void take_back_event();

/// For a method that changes nothing: a store to the vault ends the instance, and a crash is the call's fault as in an event.
inline void begin_read() { set_progress(current_event(), Phase::Reading); }
inline void end_read() { set_progress(current_event(), Phase::Committed); }

}  // namespace pith::vault
