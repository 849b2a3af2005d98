// The journal: a transaction at a time is written to it, then to where its blocks belong. Contents are on the medium before a transaction
// is.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/journal_format.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

Volume::Run Volume::journal_run(u32 logical) const {
  const Journal& journal = state_.journal;
  for (u32 i = 0; i < journal.run_count; i++) {
    const JournalRun& run = journal.runs[i];
    if (logical - run.logical < run.count) return {run.physical + (logical - run.logical), run.count - (logical - run.logical)};
  }
  return {0, 0};
}

u32 Volume::tags_in_descriptor() const {
  const Journal& journal = state_.journal;
  return (state_.block_size - u32(sizeof(JournalHeader)) - (journal.has_checksums ? 4 : 0) - kUuidBytes) / journal.tag_bytes;
}

/// Blocks that events may have changed when a transaction ends.
u32 Volume::capacity() const {
  const Journal& journal = state_.journal;
  u32 room = std::min(kStagedBlocks, journal.length - journal.first - 1) - 1;
  u32 descriptors = room / (tags_in_descriptor() + 1) + 1, groups = 1 + std::min<u32>(fs()->desc_blocks, 128);
  return std::min(room - std::min(room, descriptors + groups), kFrames / 2);
}

bool Volume::is_round_due() {
  const Journal& journal = state_.journal;
  if (journal.stage != Stage::None || state_.mount != Mount::Ready || state_.is_broken || state_.is_read_only) return false;
  if (is_round_wanted_ && state_.dirty_count != 0) return true;
  if (state_.dirty_count + kEventBlocks > capacity() || state_.freed_count + kEventBlocks > kFreedRanges) return true;
  if (std::any_of(std::begin(state_.syncs), std::end(state_.syncs), [](const Sync& sync) { return sync.is_used != 0; })) return true;
  return journal.oldest_change != 0 && surroundings_.time() >= journal.oldest_change + kCommitInterval;
}

u64 Volume::deadline() {
  const Journal& journal = state_.journal;
  for (const Wanted& wanted : wanted_) {
    if (wanted.block != 0 && !wanted.is_requested && is_settled_) return 1;  // look() has not seen it yet
  }
  return journal.stage == Stage::None && journal.oldest_change != 0 && !state_.is_broken ? journal.oldest_change + kCommitInterval : 0;
}

Result<void> Volume::sync(Token token, u64 node) {
  TRY(begin_call());
  if (node != 0) {
    Inode inode;
    TRY(get_live(node, inode));
  }
  if (state_.is_broken) return Error::Damaged;
  if (state_.is_read_only) {
    surroundings_.answer_sync(token, {});
    return {};
  }
  for (Sync& sync : state_.syncs) {
    if (sync.is_used) continue;
    sync = {token, 1, state_.journal.rounds + 1};  // one that has not begun yet
    return {};
  }
  wait();
}

/// Of rounds up to this one.
void Volume::answer_syncs(u64 round, Result<void> result) {
  for (Sync& sync : state_.syncs) {
    if (!sync.is_used || sync.round > round) continue;
    surroundings_.answer_sync(sync.token, result);
    sync.is_used = 0;
  }
}

void Volume::begin_round() {
  Journal& journal = state_.journal;
  journal.rounds++;
  journal.stage_count++;
  journal.stage = state_.dirty_count != 0 ? Stage::Drain : Stage::FlushOnly;
  is_round_wanted_ = false;
}

/// An event.
void Volume::end_transaction() {
  Journal& journal = state_.journal;
  if (write_groups() != 0 || !stage_transaction()) return fail_journal();
  journal.oldest_change = 0;
  for (u32 i = 0; i < state_.freed_count; i++) state_.freed[i].is_committing = 1;
  journal.stage = Stage::Log;
  journal.stage_count++;
}

u32 Volume::checksum_of_block(u32 sequence, const std::byte* bytes) const {
  BigEndian32 number(sequence);
  u32 sum = ext2fs_crc32c_le(state_.journal.checksum_seed, reinterpret_cast<const u8*>(&number), sizeof number);
  return ext2fs_crc32c_le(sum, reinterpret_cast<const u8*>(bytes), state_.block_size);
}

/// Makes the journal's picture of the running transaction, in the memory shared with the disk. Done again it is the same.
Result<void> Volume::stage_transaction() {
  Journal& journal = state_.journal;
  u32 size = state_.block_size, per_descriptor = tags_in_descriptor(), index = 0, done = 0;
  while (done < state_.dirty_count) {
    u32 count = std::min(per_descriptor, state_.dirty_count - done);
    if (index + count + 2 > std::min(kStagedBlocks, journal.length - journal.first)) return Error::NoSpace;
    std::byte* descriptor = staging(index);
    journal.homes[index++] = kNowhere;
    memset(descriptor, 0, size);
    JournalHeader header = {kJournalMagic, kDescriptor, journal.sequence};
    memcpy(descriptor, &header, sizeof header);
    u32 offset = sizeof header;
    for (u32 i = 0; i < count; i++, index++) {
      Frame& frame = state_.frames[state_.dirty[done + i]];
      std::byte* bytes = staging(index);
      memcpy(bytes, bytes_of(&frame), size);
      u32 flags = (i == 0 ? 0 : kTagSameUuid) | (i == count - 1 ? kTagLast : 0);
      journal.homes[index] = frame.block;
      if (load_big(bytes) == kJournalMagic) {
        store_big(bytes, 0);
        flags |= kTagEscaped;
        journal.homes[index] |= kEscaped;
      }
      u32 checksum = journal.has_checksums ? checksum_of_block(journal.sequence, bytes) : 0;
      store_big(descriptor + offset, u32(frame.block));
      if (journal.features & kHasChecksum3) {
        store_big(descriptor + offset + 4, flags);
        store_big(descriptor + offset + 8, u32(frame.block >> 32));
        store_big(descriptor + offset + 12, checksum);
      } else {
        store_big(descriptor + offset + 4, (journal.has_checksums ? checksum << 16 : 0) | flags);
        if (journal.features & kHas64Bit) store_big(descriptor + offset + 8, u32(frame.block >> 32));
      }
      offset += journal.tag_bytes;
      if (i == 0) {
        memcpy(descriptor + offset, reinterpret_cast<const JournalSuperblock*>(journal.superblock)->uuid, kUuidBytes);
        offset += kUuidBytes;
      }
      frame.flags = (frame.flags & ~Frame::kDirty) | Frame::kStaged;
    }
    if (journal.has_checksums)
      store_big(descriptor + size - 4, ext2fs_crc32c_le(journal.checksum_seed, reinterpret_cast<u8*>(descriptor), size));
    done += count;
  }
  state_.dirty_count = 0;
  journal.staged = index;
  std::byte* commit = staging(index);
  memset(commit, 0, size);
  JournalHeader header = {kJournalMagic, kCommit, journal.sequence};
  memcpy(commit, &header, sizeof header);
  u64 now = surroundings_.wall_clock();
  store_big(commit + kCommitSeconds, u32(now / 1'000'000'000 >> 32));
  store_big(commit + kCommitSeconds + 4, u32(now / 1'000'000'000));
  store_big(commit + kCommitNanoseconds, u32(now % 1'000'000'000));
  if (journal.has_checksums)
    store_big(commit + kCommitChecksum, ext2fs_crc32c_le(journal.checksum_seed, reinterpret_cast<u8*>(commit), size));
  return {};
}

/// The journal's superblock as staged block 0: its log begins at `start` (0: it is empty) with transaction `sequence`.
void Volume::stage_superblock(u32 sequence, u32 start) {
  Journal& journal = state_.journal;
  auto* superblock = reinterpret_cast<JournalSuperblock*>(journal.superblock);
  superblock->sequence = sequence;
  superblock->start = start;
  superblock->error = 0;
  superblock->checksum = 0;
  if (journal.has_checksums) superblock->checksum = ext2fs_crc32c_le(~0u, reinterpret_cast<u8*>(superblock), sizeof *superblock);
  memset(staging(0), 0, state_.block_size);
  memcpy(staging(0), superblock, sizeof *superblock);
  journal.staged = 1;
  journal.homes[0] = journal_run(0).physical;
}

/// The file system's superblock, which says whether the journal has to be looked at, as staged block 0.
Result<void> Volume::stage_filesystem_superblock() {
  u64 block = SUPERBLOCK_OFFSET / state_.block_size;
  (void)ext2fs_superblock_csum_set(fs(), fs()->super);
  errcode_t code;
  Frame* frame = need(block, code);
  if (frame == nullptr) return error_of(code);
  memcpy(bytes_of(frame) + SUPERBLOCK_OFFSET % state_.block_size, fs()->super, SUPERBLOCK_SIZE);
  memcpy(staging(0), bytes_of(frame), state_.block_size);
  state_.journal.staged = 1;
  state_.journal.homes[0] = block;
  return {};
}

// ---- Writing a stage's blocks, between events ----

u32 Volume::stage_writes() const {
  switch (state_.journal.stage) {
    case Stage::None:
    case Stage::Drain:
    case Stage::FlushOnly:
      return 0;
    case Stage::Commit:
      return 1;
    default:
      return state_.journal.staged;
  }
}

/// The request for staged block `from` and as many as go with it. Answers which is next; the request has no length when there is nothing.
u32 Volume::next_write(u32 from, block::Request& request) const {
  const Journal& journal = state_.journal;
  u32 size = state_.block_size, most = block::kMostBytes / size, index = from, count = 0;
  u64 place = 0;
  if (journal.stage == Stage::Log || journal.stage == Stage::Commit) {
    if (journal.stage == Stage::Commit) index = journal.staged;
    Run run = journal_run(journal.first + index);
    place = run.physical;
    count = journal.stage == Stage::Commit ? 1 : std::min({run.count, journal.staged - index, most});
  } else {
    while (index < journal.staged && journal.homes[index] == kNowhere) index++;
    if (index < journal.staged) {
      place = journal.homes[index] & ~kEscaped;
      count = 1;
      while (index + count < journal.staged && count < most && (journal.homes[index + count] & ~kEscaped) == place + count) count++;
    }
  }
  request.operation = block::Operation::Write;
  request.length = count * size;
  request.sector = state_.partition_first + place * (size / block::kSectorSize);
  request.memory = disk_.number;
  request.offset = kStaging + u64{index} * size;
  request.force_unit_access = 0;
  return journal.stage == Stage::Commit ? 1 : index + count;
}

bool Volume::submit_writes() {
  const Journal& journal = state_.journal;
  block::Ring& ring = disk_.ring();
  if (journal.stage_count != stage_number_ || journal.stage != stage_) {
    // Of an instance before nothing is in the ring any more, and of a stage before neither.
    stage_number_ = journal.stage_count;
    stage_ = journal.stage;
    next_write_ = outstanding_ = 0;
    is_flush_sent_ = is_flushed_ = has_write_failed_ = false;
    memset(submitted_, 0, sizeof submitted_);
  }
  if (stage_ == Stage::None || stage_ == Stage::Drain) return false;
  bool is_any = false;
  for (u32 i = 0; i < kWrites; i++) {
    block::Request& request = ring.requests[kFirstWrite + i];
    if (submitted_[i] && state_of(request) == block::State::Done) {
      if (request.outcome != block::Outcome::Good) has_write_failed_ = true;
      submitted_[i] = 0;
      outstanding_--;
      set_state(request, block::State::Free);
    }
    if (submitted_[i] || next_write_ >= stage_writes() || has_write_failed_) continue;
    next_write_ = next_write(next_write_, request);
    if (request.length == 0) continue;
    request.cookie = 0;
    submitted_[i] = 1;
    outstanding_++;
    is_any = true;
    set_state(request, block::State::Submitted);
  }
  if (outstanding_ != 0 || next_write_ < stage_writes() || has_write_failed_) return is_any;
  if (is_flush_sent_ || ring.can_flush == 0) {
    is_flushed_ = true;
    return is_any;
  }
  block::Request& request = ring.requests[kFirstWrite];
  request.operation = block::Operation::Flush;
  request.length = 0;
  request.sector = request.offset = request.cookie = 0;
  request.memory = disk_.number;
  request.force_unit_access = 0;
  submitted_[0] = 1;
  outstanding_ = 1;
  is_flush_sent_ = true;
  set_state(request, block::State::Submitted);
  return true;
}

bool Volume::has_stage_finished() const {
  if (state_.journal.stage == Stage::Drain) {
    return std::none_of(std::begin(state_.transfers), std::end(state_.transfers),
                        [](const Transfer& one) { return one.kind != Transfer::Kind::None && one.kind != Transfer::Kind::Read; });
  }
  if (stage_number_ != state_.journal.stage_count || stage_ != state_.journal.stage || outstanding_ != 0) return false;
  return is_flushed_ || has_write_failed_;
}

/// An event: what has been written counts, and the next stage begins.
void Volume::next_stage() {
  Journal& journal = state_.journal;
  if (journal.stage == Stage::Drain) return end_transaction();
  if (has_write_failed_) return fail_journal();
  Stage next = Stage::None;
  switch (journal.stage) {
    case Stage::Log:
      next = Stage::Commit;
      break;
    case Stage::Commit: {
      answer_syncs(journal.rounds, {});
      u32 kept = 0;
      for (u32 i = 0; i < state_.freed_count; i++) {
        if (!state_.freed[i].is_committing) state_.freed[kept++] = state_.freed[i];
      }
      state_.freed_count = kept;
      for (u32 i = 0; i < journal.staged; i++) {
        if (journal.homes[i] != kNowhere && journal.homes[i] & kEscaped) store_big(staging(i), kJournalMagic);
      }
      next = Stage::Homes;
      break;
    }
    case Stage::Homes:
      stage_superblock(journal.sequence + 1, journal.first);
      next = Stage::Tail;
      break;
    case Stage::Tail:
      journal.sequence++;
      for (Frame& frame : state_.frames) {
        if (frame.flags & Frame::kStaged) frame.flags &= ~Frame::kStaged;
      }
      break;
    case Stage::FlushOnly:
      answer_syncs(journal.rounds, {});
      break;
    case Stage::ReplayTail:
      state_.mount = Mount::Reopen;
      break;
    case Stage::MarkSuper:
      stage_superblock(journal.sequence, journal.first);
      next = Stage::MarkTail;
      break;
    case Stage::MarkTail:
      state_.mount = Mount::Ready;
      break;
    case Stage::CloseTail:
      ext2fs_clear_feature_journal_needs_recovery(fs()->super);
      if (!stage_filesystem_superblock()) return fail_journal();
      next = Stage::CloseSuper;
      break;
    case Stage::CloseSuper:
      state_.mount = Mount::Failed;
      state_.mount_error = Error(0);
      break;
    default:
      break;
  }
  journal.stage = next;
  journal.stage_count++;
}

/// Nothing is changed any more; what was answered with success before stays readable.
void Volume::fail_journal() {
  Journal& journal = state_.journal;
  journal.stage = Stage::None;
  journal.stage_count++;
  journal.oldest_change = 0;
  state_.is_broken = 1;
  for (Sync& sync : state_.syncs) sync.round = 0;
  answer_syncs(journal.rounds, Error::Damaged);
  if (state_.mount != Mount::Ready) set_mount_error(Error::Damaged);
}

Result<void> Volume::close() {
  TRY(begin_call());
  if (state_.journal.stage != Stage::None || state_.dirty_count != 0) return Error::Busy;
  for (const Transfer& transfer : state_.transfers) {
    if (transfer.kind != Transfer::Kind::None) return Error::Busy;
  }
  if (state_.is_broken) return Error::Damaged;
  if (state_.is_read_only) {
    state_.mount = Mount::Failed;
    state_.mount_error = Error(0);
    return {};
  }
  stage_superblock(state_.journal.sequence, 0);
  state_.journal.stage = Stage::CloseTail;
  state_.journal.stage_count++;
  return {};
}

}  // namespace pith::ext4
