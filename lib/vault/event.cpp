// Beginning and ending of events.
#include "lib/vault/event.h"

#include "abi/error.h"
#include "lib/vault/progress.h"

namespace pith::vault {

namespace {

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
  local.is_unfinished = true;
  undo_log().limit = 0;
  Phase phase = undo_log().progress.phase();
  if (phase == Phase::InEvent) set_progress(current_event() - 1, Phase::Idle);  // root has rolled it back
  if (phase == Phase::Reading) set_progress(current_event(), Phase::Idle);
  return phase == Phase::InEvent || phase == Phase::Reading;
}

void abort_event(Error why) {
  if (!is_in_event()) __builtin_trap();  // a store to the vault outside of an event would never be taken back
  local.abort_reason = why;
  std::longjmp(*local.aborted, 1);
}

void take_back_event() {
  undo();
  set_progress(current_event() - 1, Phase::Idle);
  undo_log().limit = 0;
  local.is_unfinished = true;
  local.round = nullptr;
}

Result<void> detail::run(Handler handler, void* context) {
  std::jmp_buf aborted;
  std::jmp_buf* outer = local.aborted;
  local.aborted = &aborted;
  u64 event = begin_event();
  local.event_token = kNoToken;
  Result<void> result;
  if (setjmp(aborted) == 0) {
    result = handler(context);
  } else {
    result = local.abort_reason;
  }
  local.aborted = outer;
  if (result) {
    commit_event(event);
  } else {
    take_back_event();
  }
  return result;
}

}  // namespace pith::vault
