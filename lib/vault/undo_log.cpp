// What the code that the compiler adds to stores calls: ranges, and the end of the log.
#include "lib/vault/undo_log.h"

#include "abi/error.h"
#include "lib/vault/event.h"

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
