// Root's half of the undo log: it reads what a crashed instance has left, and trusts none of it.
#include <cstring>

#include "abi/error.h"
#include "lib/vault/undo_log.h"

namespace pith::vault {

namespace {

constexpr u64 kHeader = kFirstEntry - kLogAddress;

/// The entry at `offset` in the log, which lies in it.
UndoEntry entry_at(const Remains& remains, u64 offset) {
  UndoEntry entry;
  memcpy(&entry, remains.log.data() + offset, sizeof entry);
  return entry;
}

bool is_whole(const Remains& remains, const UndoEntry& entry) {
  u64 place = entry.address - kAddress;
  bool is_in_vault = entry.address % sizeof(u64) == 0 && place < remains.vault.size() && remains.vault.size() - place >= sizeof(u64);
  return is_in_vault && entry.check == check_of(entry.address, entry.value);
}

/// Whether the log's beginning is one that an instance may leave: a new log is all zero.
bool is_whole(const Remains& remains, const UndoLog& log) {
  if (log.next == 0) return log.limit == 0 && log.progress.raw == 0;
  u64 end = log.next - kLogAddress;
  bool is_end_good = end >= kHeader && end <= remains.log.size() && (end - kHeader) % sizeof(UndoEntry) == 0;
  bool is_limit_good = log.limit == 0 || log.limit == kLogAddress + remains.log.size();
  return is_end_good && is_limit_good;
}

}  // namespace

Result<u64> roll_back(const Remains& remains) {
  if (remains.log.size() < kHeader) return Error::Damaged;
  UndoLog log;
  memcpy(&log, remains.log.data(), sizeof log);
  if (!is_whole(remains, log)) return Error::Damaged;
  if (log.progress.phase() != Phase::InEvent) return u64{0};
  u64 end = log.next - kLogAddress;
  for (u64 offset = kHeader; offset < end; offset += sizeof(UndoEntry)) {
    if (!is_whole(remains, entry_at(remains, offset))) return Error::Damaged;
  }
  for (u64 offset = end; offset > kHeader; offset -= sizeof(UndoEntry)) {
    UndoEntry entry = entry_at(remains, offset - sizeof(UndoEntry));
    memcpy(remains.vault.data() + (entry.address - kAddress), &entry.value, sizeof entry.value);
  }
  return (end - kHeader) / sizeof(UndoEntry);
}

}  // namespace pith::vault
