// What a journal of the kind of jbd2 consists of. Its numbers are big-endian.
#pragma once
#include <cstring>

#include "base/types.h"

namespace pith::ext4 {

struct BigEndian32 {
  u32 raw;
  BigEndian32() = default;
  BigEndian32(u32 value) : raw(__builtin_bswap32(value)) {}
  operator u32() const { return __builtin_bswap32(raw); }
};

inline constexpr u32 kJournalMagic = 0xc03b3998;
enum BlockType : u32 { kDescriptor = 1, kCommit = 2, kSuperblock1 = 3, kSuperblock2 = 4, kRevokeBlock = 5 };

struct JournalHeader {
  BigEndian32 magic, type, sequence;
};

struct JournalSuperblock {
  JournalHeader header;
  BigEndian32 block_size, length, first;
  BigEndian32 sequence, start, error;
  BigEndian32 compatible, incompatible, read_only_compatible;
  u8 uuid[16];
  BigEndian32 users, dynamic, most_blocks, most_data;
  u8 checksum_type, padding[3];
  BigEndian32 fast_commit_blocks, head, more_padding[40], checksum;
  u8 user_ids[768];
};
static_assert(sizeof(JournalSuperblock) == 1024);

/// Incompatible features of a journal.
inline constexpr u32 kHasRevoke = 1, kHas64Bit = 2, kHasAsyncCommit = 4, kHasChecksum2 = 8, kHasChecksum3 = 16, kHasFastCommit = 32;
inline constexpr u32 kCompatibleChecksum = 1;

/// Of a block's tag.
inline constexpr u32 kTagEscaped = 1, kTagSameUuid = 2, kTagDeleted = 4, kTagLast = 8;
inline constexpr u32 kUuidBytes = 16;
inline constexpr u8 kCrc32c = 4;
inline constexpr u32 kCommitChecksum = 16;  // where it is in a commit's block
inline constexpr u32 kCommitSeconds = 48, kCommitNanoseconds = 56;

inline u32 load_big(const std::byte* place) {
  u32 raw;
  memcpy(&raw, place, sizeof raw);
  return __builtin_bswap32(raw);
}
inline void store_big(std::byte* place, u32 value) {
  value = __builtin_bswap32(value);
  memcpy(place, &value, sizeof value);
}

}  // namespace pith::ext4
