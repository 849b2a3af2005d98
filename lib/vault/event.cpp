// Beginning and ending of events. This file is compiled like everything in a transactional component: its own stores go to the log's memory and to
// the stack, which are not logged.
#include "lib/vault/event.h"

#include <csetjmp>

#include "abi/error.h"

namespace pith::vault {

namespace {

UndoLog& undo_log() { return *reinterpret_cast<UndoLog*>(kLogAddress); }

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

using namespace pith;

/// Called by the compiler's code before `size` bytes from `address` on, in a vault, are written.
extern "C" void pith_undo_log_range(u64 address, u64 size) {
  constexpr u64 kWord = sizeof(u64);
  vault::UndoLog& log = vault::undo_log();
  u64 first = address & ~(kWord - 1), end = (address + size + kWord - 1) & ~(kWord - 1), next = log.next;
  u64 room = log.limit < next ? 0 : (log.limit - next) / sizeof(vault::UndoEntry);
  if ((end - first) / kWord > room) vault::abort_event(Error::NoSpace);
  for (u64 word = first; word < end; word += kWord) {
    auto& entry = *reinterpret_cast<vault::UndoEntry*>(next);
    entry.address = word;
    entry.value = *reinterpret_cast<const u64*>(word);
    entry.check = vault::check_of(word, entry.value);
    next += sizeof(vault::UndoEntry);
  }
  asm volatile("" ::: "memory");
  log.next = next;
}

/// Called by the compiler's code when no entry fits any more.
extern "C" [[noreturn]] void pith_undo_log_full() { vault::abort_event(Error::NoSpace); }
