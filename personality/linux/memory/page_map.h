// Which page stands at which address of a process, and how it is mapped: sparse, in chunks of 64 pages.
#pragma once
#include <map>
#include <memory>

#include "personality/linux/memory/page_store.h"

namespace pith::personality {

/// A page of an address space.
struct PageEntry {
  /// Read: programs may read it. Write: they may write it without further ado (it is theirs alone, or shared on purpose).
  /// Execute as it says. Tracked: of a file that must hear of the first write; it has Write from then on. Mapped, MappedWrite: how the
  /// guest's page tables show it now.
  enum Flag : u32 { Read = 1, Write = 2, Execute = 4, Mapped = 8, MappedWrite = 16, Shared = 32, Tracked = 64 };

  PageIndex page;
  u32 flags = 0;
};

/// Entries by page number (address / 4096).
class PageMap {
 public:
  static constexpr u64 kChunk = 64;
  struct Chunk {
    u64 used = 0;
    PageEntry entries[kChunk];
  };

  /// The entry of `page_number`, or null where there is none.
  PageEntry* find(u64 page_number) {
    Chunk* chunk = find_chunk(page_number / kChunk);
    return chunk && (chunk->used >> (page_number % kChunk) & 1) ? &chunk->entries[page_number % kChunk] : nullptr;
  }

  /// The entry of `page_number`, made where there is none.
  PageEntry& make(u64 page_number) {
    u64 number = page_number / kChunk;
    Chunk* chunk = find_chunk(number);
    if (!chunk) {
      auto fresh = std::make_unique<Chunk>();
      chunk = fresh.get();
      chunks_.emplace(number, std::move(fresh));
      last_number_ = number;
      last_ = chunk;
    }
    chunk->used |= u64{1} << (page_number % kChunk);
    return chunk->entries[page_number % kChunk];
  }

  /// Forgets the entry of `page_number`.
  void erase(u64 page_number) {
    Chunk* chunk = find_chunk(page_number / kChunk);
    if (!chunk) return;
    chunk->used &= ~(u64{1} << (page_number % kChunk));
    chunk->entries[page_number % kChunk] = {};
    if (chunk->used) return;
    chunks_.erase(page_number / kChunk);
    last_ = nullptr;
  }

  /// Calls `function(page_number, entry)` for each entry in [first, last). It may erase that entry.
  template <class Function>
  void for_each(u64 first, u64 last, Function function) {
    auto it = chunks_.lower_bound(first / kChunk);
    while (it != chunks_.end() && it->first * kChunk < last) {
      u64 base = it->first * kChunk;
      Chunk* chunk = it->second.get();
      ++it;
      u64 bits = chunk->used;
      if (base < first) bits &= ~u64{0} << (first - base);
      if (base + kChunk > last) bits &= ~u64{0} >> (base + kChunk - last);
      for (; bits; bits &= bits - 1) {
        u64 index = u64(__builtin_ctzll(bits));
        function(base + index, chunk->entries[index]);
      }
    }
  }

  u64 count() const {
    u64 sum = 0;
    for (const auto& [number, chunk] : chunks_) sum += u64(__builtin_popcountll(chunk->used));
    return sum;
  }

 private:
  Chunk* find_chunk(u64 number) {
    if (last_ && last_number_ == number) return last_;
    auto it = chunks_.find(number);
    if (it == chunks_.end()) return nullptr;
    last_number_ = number;
    last_ = it->second.get();
    return last_;
  }

  std::map<u64, std::unique_ptr<Chunk>> chunks_;
  u64 last_number_ = 0;
  Chunk* last_ = nullptr;
};

}  // namespace pith::personality
