// Beginning and ending of events. This file is compiled like everything in a transactional component: its own stores go to the log's memory
// and to the stack, which are not logged.
#include "lib/vault/event.h"

#include "abi/error.h"
#include "lib/vault/local.h"

namespace pith::vault {

namespace {

/// What is stored before is there before: a crash finds memory as the program left it, so only the compiler has to be kept in order.
void set_progress(u64 event, Phase phase) {
  asm volatile("" ::: "memory");
  undo_log().progress = Progress::of(event, phase);
  asm volatile("" ::: "memory");
}

/// Newest first, as root does it (roll_back.cpp), but of a log that is known to be whole.
[[gnu::section(".text.unlogged"), gnu::noinline]] void undo() {
  for (u64 place = undo_log().next; place > kFirstEntry;) {
    place -= sizeof(UndoEntry);
    const auto& entry = *reinterpret_cast<const UndoEntry*>(place);
    *reinterpret_cast<u64*>(entry.address) = entry.value;
  }
}

}  // namespace

Local local;

bool open(u64 log_size) {
  local = {};
  local.limit = kLogAddress + log_size;
  undo_log().limit = 0;
  local.is_unfinished = true;
  bool was_in_event = is_in_event();
  if (was_in_event) set_progress(current_event() - 1, Phase::Idle);  // root has rolled it back
  return was_in_event;
}

void abort_event(Error why) {
  if (!is_in_event()) __builtin_trap();  // a store to the vault outside of an event would never be taken back
  local.abort_reason = why;
  std::longjmp(local.aborted, 1);
}

Result<void> detail::run(Handler handler, void* context) {
  UndoLog& log = undo_log();
  u64 event = current_event() + 1;
  log.next = kFirstEntry;
  log.limit = local.limit;
  set_progress(event, Phase::InEvent);
  begin_round(local.is_unfinished);
  Result<void> result;
  if (setjmp(local.aborted) == 0) {
    result = handler(context);
  } else {
    result = local.abort_reason;
  }
  local.is_unfinished = !result;
  if (result) {
    set_progress(event, Phase::Committed);
  } else {
    undo();
    set_progress(event - 1, Phase::Idle);
  }
  log.limit = 0;
  return result;
}

}  // namespace pith::vault
