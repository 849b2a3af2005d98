// What a journal that was not emptied holds: whole transactions are written to where they belong, a few blocks in each event.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/journal_format.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

constexpr u32 kBlocksAtOnce = 32;

}  // namespace

u32 Volume::after(u32 position, u32 count) const {
  const Journal& journal = state_.journal;
  u64 next = u64{position} + count;
  while (next >= journal.length) next -= journal.length - journal.first;
  return u32(next);
}

/// Descriptors, revokes and commits end with a checksum, or hold one.
bool Volume::is_control_block_sound(const std::byte* bytes) const {
  const Journal& journal = state_.journal;
  if (!journal.has_checksums) return true;
  u32 place = load_big(bytes + 4) == kCommit ? kCommitChecksum : state_.block_size - 4;
  std::byte copy[kFrameBytes];
  memcpy(copy, bytes, state_.block_size);
  store_big(copy + place, 0);
  return ext2fs_crc32c_le(journal.checksum_seed, reinterpret_cast<u8*>(copy), state_.block_size) == load_big(bytes + place);
}

/// The tag at `offset`, which then is that of the next one. Whether there is one.
bool Volume::read_tag(const std::byte* bytes, u32& offset, Tag& tag) const {
  const Journal& journal = state_.journal;
  u32 end = state_.block_size - (journal.has_checksums ? 4 : 0);
  if (offset + journal.tag_bytes > end) return false;
  const std::byte* place = bytes + offset;
  tag.block = load_big(place);
  if (journal.features & kHasChecksum3) {
    tag.flags = load_big(place + 4);
    if (journal.features & kHas64Bit) tag.block |= u64{load_big(place + 8)} << 32;
    tag.checksum = load_big(place + 12);
  } else {
    u32 both = load_big(place + 4);
    tag.flags = both & 0xffff;
    tag.checksum = both >> 16;
    if (journal.features & kHas64Bit) tag.block |= u64{load_big(place + 8)} << 32;
  }
  offset += journal.tag_bytes + (tag.flags & kTagSameUuid ? 0 : kUuidBytes);
  return true;
}

u32 Volume::count_tags(const std::byte* bytes) const {
  u32 offset = sizeof(JournalHeader), count = 0;
  for (Tag tag; read_tag(bytes, offset, tag);) {
    count++;
    if (tag.flags & kTagLast) break;
  }
  return count;
}

Result<void> Volume::remember_revokes(const std::byte* bytes, u32 sequence) {
  const Journal& journal = state_.journal;
  u32 used = load_big(bytes + sizeof(JournalHeader)), size = journal.features & kHas64Bit ? 8 : 4;
  if (used > state_.block_size - (journal.has_checksums ? 4 : 0)) return Error::Damaged;
  for (u32 offset = sizeof(JournalHeader) + 4; offset + size <= used; offset += size) {
    u64 block = load_big(bytes + offset);
    if (size == 8) block = block << 32 | load_big(bytes + offset + 4);
    u64 place = block * 0x9e3779b97f4a7c15 >> 40;
    for (u32 step = 0;; step++, place++) {
      if (step == kRevokes) return Error::NotSupported;  // more than are remembered
      Revoke& revoke = state_.revokes[place % kRevokes];
      if (revoke.block != 0 && revoke.block != block + 1) continue;
      revoke = {block + 1, sequence, 0};
      break;
    }
  }
  return {};
}

/// Whether this transaction, or a later one, says that the block is not to be written as it is in the journal.
bool Volume::is_revoked(u64 block, u32 sequence) const {
  u64 place = block * 0x9e3779b97f4a7c15 >> 40;
  for (u32 step = 0; step < kRevokes; step++, place++) {
    const Revoke& revoke = state_.revokes[place % kRevokes];
    if (revoke.block == 0) return false;
    if (revoke.block == block + 1) return i32(revoke.sequence - sequence) >= 0;
  }
  return false;
}

/// Goes through the journal: first to where its last whole transaction ends, then once more for what is revoked. Whether that was all.
Result<bool> Volume::scan_some() {
  Journal& journal = state_.journal;
  auto start_again = [&] {
    journal.position = reinterpret_cast<const JournalSuperblock*>(journal.superblock)->start;
    journal.expected = reinterpret_cast<const JournalSuperblock*>(journal.superblock)->sequence;
    journal.walked = journal.tag = 0;
    return true;
  };
  bool is_first = state_.mount == Mount::Scan;
  for (u32 i = 0; i < kBlocksAtOnce; i++) {
    bool is_end = journal.walked > journal.length || (!is_first && journal.expected == journal.end);
    const std::byte* bytes = is_end ? nullptr : journal_block(journal.position);
    if (!is_end && bytes == nullptr) return Error::Damaged;
    is_end = is_end || load_big(bytes) != kJournalMagic || load_big(bytes + 8) != journal.expected || !is_control_block_sound(bytes);
    u32 type = is_end ? 0 : load_big(bytes + 4), step = 1;
    if (type == kDescriptor) {
      step += count_tags(bytes);
    } else if (type == kCommit) {
      journal.expected++;
    } else if (type == kRevokeBlock) {
      if (!is_first) TRY(remember_revokes(bytes, journal.expected));
    } else {
      if (is_first) journal.end = journal.expected;
      return start_again();
    }
    journal.position = after(journal.position, step);
    journal.walked += step;
  }
  return false;
}

/// Stages some blocks of whole transactions to be written. Whether there are none left, and the journal is empty with the next stage.
Result<bool> Volume::replay_some() {
  Journal& journal = state_.journal;
  journal.staged = 0;
  while (journal.expected != journal.end) {
    const std::byte* bytes = journal_block(journal.position);
    if (bytes == nullptr || load_big(bytes) != kJournalMagic) return Error::Damaged;
    u32 type = load_big(bytes + 4);
    if (type != kDescriptor) {
      if (type == kCommit) journal.expected++;
      journal.position = after(journal.position, 1);
      continue;
    }
    u32 offset = sizeof(JournalHeader), index = 0, count = count_tags(bytes);
    for (Tag tag; index < count && read_tag(bytes, offset, tag); index++) {
      if (index < journal.tag) continue;
      if (journal.staged == kBlocksAtOnce) {
        journal.stage = Stage::Replay;
        journal.stage_count++;
        return false;
      }
      journal.tag = index + 1;
      if (tag.flags & kTagDeleted || is_revoked(tag.block, journal.expected)) continue;
      if (tag.block >= ext2fs_blocks_count(fs()->super) || tag.block >= block_limit()) return Error::Damaged;
      const std::byte* content = journal_block(after(journal.position, 1 + index));
      if (content == nullptr) return Error::Damaged;
      if (journal.has_checksums) {
        u32 sum = checksum_of_block(journal.expected, content);
        if ((journal.features & kHasChecksum3 ? sum : sum & 0xffff) != tag.checksum) return Error::Damaged;
      }
      std::byte* place = staging(journal.staged);
      memcpy(place, content, state_.block_size);
      if (tag.flags & kTagEscaped) store_big(place, kJournalMagic);
      journal.homes[journal.staged++] = tag.block;
    }
    journal.tag = 0;
    journal.position = after(journal.position, 1 + count);
  }
  if (journal.staged != 0) {
    journal.stage = Stage::Replay;
  } else {
    forget_all_blocks();
    journal.sequence = journal.end + 1;
    stage_superblock(journal.sequence, 0);
    journal.stage = Stage::ReplayTail;
  }
  journal.stage_count++;
  return true;
}

}  // namespace pith::ext4
