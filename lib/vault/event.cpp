// Beginning and ending of events. This file is compiled like everything in a transactional component: its own stores go to the log's memory
// and to the stack, which are not logged.
#include "lib/vault/event.h"

#include <csetjmp>

#include "abi/error.h"

namespace pith::vault {

namespace {

/// What is stored before is there before: a crash finds memory as the program left it, so only the compiler has to be kept in order.
void set_phase(Phase phase) {
  asm volatile("" ::: "memory");
  undo_log().phase = phase;
  asm volatile("" ::: "memory");
}

/// The log's limit during an event; between events nothing may be stored, and there is room for nothing.
u64 limit;

/// Where an aborted event goes on. The stack is all that it leaves behind.
std::jmp_buf aborted;
Error abort_reason;

/// Newest first, as root does it (roll_back.cpp), but of a log that is known to be whole.
[[gnu::section(".text.unlogged"), gnu::noinline]] void undo() {
  for (u64 place = undo_log().next; place > kFirstEntry;) {
    place -= sizeof(UndoEntry);
    const auto& entry = *reinterpret_cast<const UndoEntry*>(place);
    *reinterpret_cast<u64*>(entry.address) = entry.value;
  }
}

}  // namespace

void open(u64 log_size) {
  limit = kLogAddress + log_size;
  undo_log().limit = 0;
  if (is_in_event()) set_phase(Phase::Idle);  // root has rolled it back
}

bool is_in_event() { return undo_log().phase == Phase::InEvent; }

void abort_event(Error why) {
  if (!is_in_event()) __builtin_trap();  // a store to the vault outside of an event would never be taken back
  abort_reason = why;
  std::longjmp(aborted, 1);
}

Result<void> detail::run(Handler handler, void* context) {
  UndoLog& log = undo_log();
  log.next = kFirstEntry;
  log.limit = limit;
  set_phase(Phase::InEvent);
  Result<void> result;
  if (setjmp(aborted) == 0) {
    result = handler(context);
  } else {
    result = abort_reason;
  }
  if (result) {
    set_phase(Phase::Committed);
  } else {
    undo();
    set_phase(Phase::Idle);
  }
  log.limit = 0;
  return result;
}

}  // namespace pith::vault
