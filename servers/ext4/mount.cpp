// From a disk to a file system that serves: the partition, the library's view of it, the journal, the mark that it is in use.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lib/partitions.h"
#include "servers/ext4/heap.h"
#include "servers/ext4/journal_format.h"
#include "servers/ext4/volume.h"

io_manager pith_ext4_manager();

namespace pith::ext4 {

namespace {

constexpr u32 kSmallestBlock = 1024;
constexpr u32 kUnderstood = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT2_FEATURE_INCOMPAT_META_BG | EXT3_FEATURE_INCOMPAT_RECOVER |
                            EXT3_FEATURE_INCOMPAT_EXTENTS | EXT4_FEATURE_INCOMPAT_FLEX_BG | EXT4_FEATURE_INCOMPAT_64BIT |
                            EXT4_FEATURE_INCOMPAT_CSUM_SEED | EXT4_FEATURE_INCOMPAT_LARGEDIR;
/// What may be there when something is written.
constexpr u32 kKept = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
                      EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM |
                      EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;

}  // namespace

/// The disk as partition tables see it, by way of the cache.
struct Mounting final : partitions::Sectors {
  Volume& volume;
  explicit Mounting(Volume& of) : volume(of) {}
  u64 count() override { return volume.disk_.ring().sectors; }
  Result<void> read(u64 sector, std::span<std::byte, partitions::kSectorBytes> to) override {
    return volume.check(volume.read_bytes(sector * partitions::kSectorBytes, to.size(), to.data()));
  }
};

void Volume::set_mount_error(Error error) {
  state_.mount = Mount::Failed;
  state_.mount_error = error;
}

u64 Volume::block_limit() const {
  u64 sectors = state_.partition_sectors != 0 ? state_.partition_sectors : disk_.ring().sectors;
  return sectors / (state_.block_size / block::kSectorSize);
}

/// An event: one step.
void Volume::advance_mount() {
  auto step = [&]() -> Result<void> {
    switch (state_.mount) {
      case Mount::Start: {
        block::Ring& ring = disk_.ring();
        if (ring.is_present == 2) return Error::NotFound;
        if (state_.block_size != kSmallestBlock) {  // final before anything is read
          state_.block_size = kSmallestBlock;
          return {};
        }
        state_.partition_first = state_.partition_sectors = 0;
        state_.is_read_only = ring.is_read_only != 0;
        state_.generation = surroundings_.wall_clock();
        partitions::Range range = {0, ring.sectors};
        if (disk_.partition != 0) {
          Mounting sectors(*this);
          range = TRY(partitions::find(sectors, disk_.partition));
        }
        state_.partition_first = range.first;
        state_.partition_sectors = range.count;
        forget_all_blocks();
        state_.mount = Mount::Open;
        return {};
      }
      case Mount::Open:
      case Mount::Reopen:
        return open_library();
      case Mount::Journal:
        return read_journal_superblock();
      case Mount::Scan:
      case Mount::Revoke:
        if (TRY(scan_some())) state_.mount = state_.mount == Mount::Scan ? Mount::Revoke : Mount::Replay;
        return {};
      case Mount::Replay:
        TRY(replay_some());
        return {};
      case Mount::Mark:
        for (u32 group = 0; group < fs()->group_desc_count; group++) {
          if (ext2fs_has_group_desc_csum(fs()) && !ext2fs_group_desc_csum_verify(fs(), group)) return Error::Damaged;
        }
        TRY(load_orphans());
        if (state_.is_read_only) {
          state_.mount = Mount::Ready;
          return {};
        }
        ext2fs_set_feature_journal_needs_recovery(fs()->super);
        TRY(stage_filesystem_superblock());
        state_.journal.stage = Stage::MarkSuper;
        state_.journal.stage_count++;
        return {};
      case Mount::Ready:
      case Mount::Failed:
        return {};
    }
    return {};
  };
  if (Result<void> done = step(); !done) set_mount_error(done.error());
}

/// Superblock and descriptors of groups, checked.
Result<void> Volume::open_library() {
  state_.library = nullptr;
  state_.heap_used = 0;
  if (state_.block_size == kSmallestBlock && state_.mount == Mount::Open) {
    ext2_super_block super;
    TRY(check(read_bytes(SUPERBLOCK_OFFSET, sizeof super, &super)));
    if (super.s_magic != EXT2_SUPER_MAGIC) return Error::NotFound;
    if (super.s_log_block_size > 2) return super.s_log_block_size > 6 ? Error::Damaged : Error::NotSupported;
    if (super.s_log_block_size != 0) {
      forget_all_blocks();
      state_.block_size = kSmallestBlock << super.s_log_block_size;
      return {};  // the next event reads it again, as a part of a block
    }
  }
  KeptMemory kept(state_);
  ext2_filsys made = nullptr;
  constexpr int kFlags = EXT2_FLAG_RW | EXT2_FLAG_64BITS | EXT2_FLAG_NOFREE_ON_ERROR | EXT2_FLAG_FORCE;
  errcode_t code = ext2fs_open2("disk", nullptr, kFlags, 0, 0, pith_ext4_manager(), &made);
  state_.is_doubtful = code == EXT2_ET_SB_CSUM_INVALID;
  if (state_.is_doubtful) {
    state_.heap_used = 0;
    code = ext2fs_open2("disk", nullptr, kFlags | EXT2_FLAG_IGNORE_CSUM_ERRORS, 0, 0, pith_ext4_manager(), &made);
  }
  if (code != 0) return code == EXT2_ET_NO_MEMORY ? Error::NotSupported : error_of(code);
  state_.library = made;
  ext2_super_block* super = made->super;
  if (super->s_feature_incompat & ~kUnderstood) return Error::NotSupported;
  if (super->s_feature_ro_compat & ~kKept) state_.is_read_only = 1;
  if (state_.is_doubtful) TRY(look_at_torn_superblock());
  if (u32(EXT2_BLOCK_SIZE(super)) != state_.block_size || ext2fs_blocks_count(super) > block_limit()) return Error::Damaged;
  if (made->group_desc_count > std::size(state_.dirty_groups) * 64) return Error::NotSupported;
  if (super->s_first_data_block != (state_.block_size == 1024 ? 1 : 0)) return Error::Damaged;
  if (super->s_blocks_per_group % 8 != 0 || super->s_blocks_per_group > state_.block_size * 8) return Error::Damaged;
  if (super->s_inodes_per_group > state_.block_size * 8 || EXT2_FIRST_INO(super) < 11 || EXT2_FIRST_INO(super) > super->s_inodes_per_group)
    return Error::Damaged;
  if (ext2fs_has_feature_metadata_csum(super) && ext2fs_has_feature_gdt_csum(super)) return Error::Damaged;
  for (u32 group = 0; group < made->group_desc_count; group++) {
    u64 limit = ext2fs_blocks_count(super), first = super->s_first_data_block;
    u64 places[] = {ext2fs_block_bitmap_loc(made, group), ext2fs_inode_bitmap_loc(made, group), ext2fs_inode_table_loc(made, group)};
    for (u64 place : places) {
      if (place <= first || place >= limit) return Error::Damaged;
    }
    if (places[2] + made->inode_blocks_per_group > limit) return Error::Damaged;
  }
  state_.mount = Mount::Journal;
  return {};
}

/// Its two sectors are not of the same write. If that only said that the file system is in use, or not any more, either will do; else the
/// journal has it whole.
Result<void> Volume::look_at_torn_superblock() {
  ext2_super_block* super = fs()->super;
  fs()->flags &= ~EXT2_FLAG_IGNORE_CSUM_ERRORS;
  super->s_feature_incompat ^= EXT3_FEATURE_INCOMPAT_RECOVER;
  bool is_other = ext2fs_superblock_csum_verify(fs(), super) != 0;
  super->s_feature_incompat ^= EXT3_FEATURE_INCOMPAT_RECOVER;
  if (is_other) state_.is_doubtful = 0;
  return is_other || (state_.mount == Mount::Open && ext2fs_has_feature_journal_needs_recovery(super)) ? Result<void>() : Error::Damaged;
}

Result<void> Volume::find_journal_runs() {
  Journal& journal = state_.journal;
  journal.run_count = 0;
  Inode inode;
  memset(&inode, 0, sizeof inode);
  Node node = fs()->super->s_journal_inum;
  TRY(check(ext2fs_read_inode_full(fs(), node, reinterpret_cast<ext2_inode*>(&inode), sizeof inode)));
  if (!LINUX_S_ISREG(inode.i_mode) || inode.i_links_count == 0) return Error::Damaged;
  u64 blocks = EXT2_I_SIZE(&inode) / state_.block_size;
  if (blocks < 1024 || blocks > 1u << 30) return Error::Damaged;
  for (u64 at = 0; at < blocks;) {
    Extent extent = TRY(map(node, inode, at, blocks - at));
    if (extent.physical == 0 || extent.is_unwritten) return Error::Damaged;
    JournalRun* last = journal.run_count != 0 ? &journal.runs[journal.run_count - 1] : nullptr;
    if (last != nullptr && last->physical + last->count == extent.physical) {
      last->count += u32(extent.count);
    } else {
      if (journal.run_count == kJournalRuns) return Error::NotSupported;
      journal.runs[journal.run_count++] = {u32(at), u32(extent.count), extent.physical};
    }
    at += extent.count;
  }
  journal.length = u32(blocks);
  return {};
}

/// Where the journal lies, how it is written, and whether something is in it.
Result<void> Volume::read_journal_superblock() {
  Journal& journal = state_.journal;
  if (!ext2fs_has_feature_journal(fs()->super) || fs()->super->s_journal_inum == 0) {
    if (ext2fs_has_feature_journal_needs_recovery(fs()->super)) return Error::NotSupported;  // its journal is elsewhere
    if (state_.is_doubtful) return Error::Damaged;
    state_.is_read_only = 1;
    state_.mount = Mount::Mark;
    return {};
  }
  TRY(find_journal_runs());
  u32 blocks = journal.length;
  const std::byte* bytes = journal_block(0);
  if (bytes == nullptr) return Error::Damaged;
  memcpy(journal.superblock, bytes, sizeof journal.superblock);
  auto* superblock = reinterpret_cast<JournalSuperblock*>(journal.superblock);
  bool is_second = superblock->header.type == kSuperblock2;
  if (superblock->header.magic != kJournalMagic || (!is_second && superblock->header.type != kSuperblock1)) return Error::Damaged;
  if (superblock->block_size != state_.block_size || superblock->length > blocks || superblock->length < 1024) return Error::Damaged;
  if (superblock->first == 0 || superblock->first > 16 || superblock->start >= superblock->length) return Error::Damaged;
  if (superblock->start != 0 && superblock->start < superblock->first) return Error::Damaged;
  journal.length = superblock->length;
  journal.first = superblock->first;
  journal.features = is_second ? u32(superblock->incompatible) : 0;
  if (journal.features & ~(kHasRevoke | kHas64Bit | kHasAsyncCommit | kHasChecksum2 | kHasChecksum3 | kHasFastCommit))
    return Error::NotSupported;
  if ((journal.features & kHasChecksum2) != 0 && (journal.features & kHasChecksum3) != 0) return Error::Damaged;
  journal.has_checksums = (journal.features & (kHasChecksum2 | kHasChecksum3)) != 0;
  journal.checksum_seed = ext2fs_crc32c_le(~0u, superblock->uuid, sizeof superblock->uuid);
  if (journal.has_checksums) {
    JournalSuperblock copy = *superblock;
    copy.checksum = 0;
    if (superblock->checksum_type != kCrc32c) return Error::NotSupported;
    if (ext2fs_crc32c_le(~0u, reinterpret_cast<u8*>(&copy), sizeof copy) != superblock->checksum) return Error::Damaged;
  }
  auto set_tag_bytes = [&] {
    journal.tag_bytes = 16;
    if ((journal.features & kHasChecksum3) == 0)
      journal.tag_bytes = (journal.features & kHasChecksum2 ? 14 : 12) - (journal.features & kHas64Bit ? 0 : 4);
  };
  set_tag_bytes();
  journal.sequence = superblock->sequence;
  if (ext2fs_has_feature_journal_needs_recovery(fs()->super) && superblock->start != 0) {
    if (state_.is_read_only && disk_.ring().is_read_only) return Error::NotSupported;  // it could not be repaired
    if (journal.features & kHasFastCommit) return Error::NotSupported;
    journal.position = superblock->start;
    journal.expected = journal.sequence;
    journal.walked = journal.tag = 0;
    memset(state_.revokes, 0, sizeof state_.revokes);
    state_.mount = Mount::Scan;
    return {};
  }
  if (state_.is_doubtful) return Error::Damaged;
  // As Linux does it when it begins to use a journal.
  if (is_second && ext2fs_has_feature_metadata_csum(fs()->super)) {
    journal.features = (journal.features & ~kHasChecksum2) | kHasChecksum3;
    superblock->compatible = superblock->compatible & ~kCompatibleChecksum;
    superblock->checksum_type = kCrc32c;
    journal.has_checksums = 1;
  }
  if (is_second && ext2fs_has_feature_64bit(fs()->super)) journal.features |= kHas64Bit;
  if (is_second) superblock->incompatible = journal.features;
  if (!is_second && ext2fs_blocks_count(fs()->super) >> 32 != 0) return Error::NotSupported;
  set_tag_bytes();
  if (journal.sequence == 0) journal.sequence = 1;
  state_.mount = Mount::Mark;
  return {};
}

const std::byte* Volume::journal_block(u32 logical) {
  Run run = journal_run(logical);
  errcode_t code;
  Frame* frame = run.count != 0 ? need(run.physical, code) : nullptr;
  return frame != nullptr ? bytes_of(frame) : nullptr;
}

// ---- Turns ----

bool Volume::look() {
  block::Ring& ring = disk_.ring();
  if (__atomic_load_n(&ring.is_present, __ATOMIC_ACQUIRE) == 0) return false;
  bool is_any = !is_settled_;
  if (!is_settled_) {
    for (block::Request& request : ring.requests) {
      if (state_of(request) == block::State::Submitted) return false;
    }
    is_settled_ = true;
    // What an instance before had read, or written of a stage, is asked for again.
    for (u32 i = kFirstRead; i < kFirstWrite + kWrites; i++) ring.requests[i].state = block::State::Free;
    if (state_.mount == Mount::Start) {
      for (block::Request& request : ring.requests) request = {};
    }
  }
  is_any |= submit_transfers();
  is_any |= submit_writes();
  for (u32 i = 0; i < kReads; i++) {
    if (wanted_[i].block == 0 || wanted_[i].is_requested) continue;
    block::Request& request = ring.requests[kFirstRead + i];
    u32 size = state_.block_size, sectors = size / block::kSectorSize;
    request.operation = block::Operation::Read;
    request.length = size;
    request.sector = state_.partition_first + (wanted_[i].block - 1) * sectors;
    request.memory = disk_.number;
    request.offset = kReadBuffers + u64{i} * kFrameBytes;
    request.force_unit_access = 0;
    request.cookie = wanted_[i].block;
    wanted_[i].is_requested = 1;
    set_state(request, block::State::Submitted);
    is_any = true;
  }
  if (is_any) surroundings_.ring_disk();
  return is_any;
}

bool Volume::is_due() {
  if (!is_settled_) return false;
  if (has_arrived()) return true;
  if (state_.mount == Mount::Failed) return false;
  if (state_.journal.stage != Stage::None && has_stage_finished() && !is_background_waiting_) return true;
  if (is_background_waiting_) return false;
  if (state_.mount != Mount::Ready) return state_.journal.stage == Stage::None;
  for (const Transfer& transfer : state_.transfers) {
    if (transfer.kind != Transfer::Kind::None && (transfer.step == Transfer::Step::Next || has_finished(transfer))) return true;
  }
  return is_round_due() || has_orphan_work();
}

void Volume::advance() {
  begin_event();
  is_in_background_ = true;
  if (has_arrived()) {
    is_background_waiting_ = false;
    return insert_arrived();
  }
  if (state_.journal.stage != Stage::None && has_stage_finished()) return next_stage();
  if (state_.mount != Mount::Ready) return advance_mount();
  for (Transfer& transfer : state_.transfers) {
    if (transfer.kind == Transfer::Kind::None || (transfer.step != Transfer::Step::Next && !has_finished(transfer))) continue;
    return advance_transfer(transfer);
  }
  if (is_round_due()) return begin_round();
  if (has_orphan_work()) work_on_orphans();
}

}  // namespace pith::ext4
