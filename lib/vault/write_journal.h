// Remembers one write in a vault until its answer is out, so that the kernel's second delivery of the same call is answered and not done
// again.
#pragma once
#include <cstddef>
#include <span>

#include "base/types.h"
#include "lib/vault/commit.h"

namespace pith {

/// Life of an entry: prepare() → the ring's tail is stored (`position` says which store) → the caller is answered, in one step with
/// clearing(). After a crash recover() tells whether the store happened. If it did, the call in progress is delivered again, as the first
/// of its session, and take_redelivered() recognises it by session, length and contents (the caller may have gone instead). All zero is a
/// valid, empty journal.
struct WriteJournal {
  u64 session;   ///< badge + 1 of the writer; 0: empty
  u64 length;    ///< of the data offered
  u64 digest;    ///< of the data offered
  u64 accepted;  ///< what the answer says
  u64 position;  ///< the ring's tail that makes it final

  static u64 digest_of(std::span<const std::byte> data) {
    u64 digest = 0xcbf29ce484222325;  // FNV-1a
    for (std::byte value : data) digest = (digest ^ u64(value)) * 0x100000001b3;
    return digest;
  }

  void prepare(u64 badge, std::span<const std::byte> data, u64 count, u64 tail) {
    clear();
    length = data.size();
    digest = digest_of(data);
    accepted = count;
    position = tail;
    __atomic_store_n(&session, badge + 1, __ATOMIC_RELEASE);  // last: an entry that is seen is whole
  }
  /// The store that empties it, to be done in one step with the answer.
  Commit clearing() { return {&session, 0}; }
  void clear() { __atomic_store_n(&session, u64{0}, __ATOMIC_RELEASE); }

  /// At start: drops an entry whose commit never happened.
  void recover(u64 tail) {
    if (position != tail) clear();
  }
  /// Whether this is the call of the entry, delivered again: then the entry stays until that has its answer. Any other call of the session
  /// shows that nobody waits for one.
  bool take_redelivered(u64 badge, std::span<const std::byte> data, u64& answer) {
    if (session != badge + 1) return false;
    bool is_same = length == data.size() && digest == digest_of(data);
    answer = accepted;
    if (!is_same) clear();
    return is_same;
  }
};

}  // namespace pith
