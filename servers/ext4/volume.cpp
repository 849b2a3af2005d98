// Events of a volume, and the library's way to the cache.
#include "servers/ext4/volume.h"

#include <algorithm>

#include "abi/error.h"
#include "servers/ext4/heap.h"

io_manager pith_ext4_manager();

namespace pith::ext4 {

Volume::Volume(State& state, Surroundings& surroundings, DiskLink disk) : state_(state), surroundings_(surroundings), disk_(disk) {
  current_ = this;
  block::Ring& ring = disk_.ring();
  if (ring.magic != block::Ring::kMagic) {
    for (block::Request& request : ring.requests) request = {};
    __atomic_store_n(&ring.magic, block::Ring::kMagic, __ATOMIC_RELEASE);
  }
}

void Volume::begin_event() {
  forget_scratch();
  clock_++;
  reads_left_ = kEventReads;
  touched_ = dropped_count_ = 0;
  std::fill(std::begin(dropped_), std::end(dropped_), 0);
  if (state_.library != nullptr) {
    if (fs()->io->manager != pith_ext4_manager())
      fs()->io->manager = pith_ext4_manager();            // of another version of the program it is elsewhere
    if (fs()->icache != nullptr) fs()->icache = nullptr;  // it was the last event's
    fs()->now = time_t(surroundings_.wall_clock() / 1'000'000'000);
  }
}

/// Errors: why nothing can be asked of the volume.
Result<void> Volume::begin_call() {
  begin_event();
  is_in_background_ = false;
  if (!is_settled_) wait();
  if (state_.mount == Mount::Failed) return state_.mount_error == Error(0) ? Error::SessionDead : state_.mount_error;
  if (state_.mount != Mount::Ready) wait();
  return {};
}

Result<void> Volume::begin_change() {
  TRY(begin_call());
  // A journal that cannot be written any more makes the file system read only, as on Linux.
  if (state_.is_read_only || state_.is_broken) return Error::Denied;
  Journal& journal = state_.journal;
  if (journal.stage == Stage::Drain) wait();
  if (state_.dirty_count + kEventBlocks > capacity() || state_.freed_count + kEventBlocks > kFreedRanges) {
    // Only an event that stays may ask for a round: is_round_due() sees the same numbers.
    wait();
  }
  return {};
}

void Volume::end_change() {
  if (state_.dirty_count > capacity()) surroundings_.give_up(Error::NoSpace);
  if (state_.journal.oldest_change == 0 && state_.dirty_count != 0) state_.journal.oldest_change = surroundings_.time();
}

void Volume::wait() {
  if (is_in_background_) {
    is_background_waiting_ = true;
    bad_orphan_ = 0;
  }
  surroundings_.wait();
}

Error Volume::error_of(errcode_t code) {
  switch (code) {
    case 0:
      return Error(0);
    case EXT2_ET_FILE_NOT_FOUND:
      return Error::NotFound;
    case EXT2_ET_DIR_EXISTS:
    case EXT2_ET_FILE_EXISTS:
      return Error::AlreadyExists;
    case EXT2_ET_NO_DIRECTORY:
      return Error::WrongType;
    case EXT2_ET_BLOCK_ALLOC_FAIL:
    case EXT2_ET_INODE_ALLOC_FAIL:
    case EXT2_ET_DIR_NO_SPACE:
    case EXT2_ET_CANT_INSERT_EXTENT:
    case EXT2_ET_CANT_SPLIT_EXTENT:
      return Error::NoSpace;
    case EXT2_ET_FILE_TOO_BIG:
      return Error::Limit;
    case EXT2_ET_UNSUPP_FEATURE:
    case EXT2_ET_RO_UNSUPP_FEATURE:
    case EXT2_ET_REV_TOO_HIGH:
    case EXT2_ET_DIRHASH_UNSUPP:
    case EXT2_ET_UNKNOWN_CSUM:
      return Error::NotSupported;
    default:
      return Error::Damaged;
  }
}

}  // namespace pith::ext4

// ---- The library's channel ----

namespace {

using pith::ext4::Volume;

errcode_t open_channel(const char*, int, io_channel* channel);

errcode_t close_channel(io_channel) { return 0; }

errcode_t set_block_size(io_channel channel, int size) {
  channel->block_size = size;
  return 0;
}

u64 length_of(io_channel channel, int count) { return count < 0 ? u64(-i64(count)) : u64(count) * u64(channel->block_size); }

errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* data) {
  if (block > ~u64{0} / 65536) return EXT2_ET_BAD_BLOCK_NUM;
  return Volume::of(nullptr).read_bytes(block * u64(channel->block_size), length_of(channel, count), data);
}

errcode_t write_blocks(io_channel channel, unsigned long long block, int count, const void* data) {
  if (block > ~u64{0} / 65536) return EXT2_ET_BAD_BLOCK_NUM;
  return Volume::of(nullptr).write_bytes(block * u64(channel->block_size), length_of(channel, count), data);
}

errcode_t read_few(io_channel channel, unsigned long block, int count, void* data) { return read_blocks(channel, block, count, data); }
errcode_t write_few(io_channel channel, unsigned long block, int count, const void* data) {
  return write_blocks(channel, block, count, data);
}
errcode_t flush_channel(io_channel) { return 0; }

constinit struct_io_manager channel_manager = {.magic = EXT2_ET_MAGIC_IO_MANAGER,
                                               .name = "pith",
                                               .open = open_channel,
                                               .close = close_channel,
                                               .set_blksize = set_block_size,
                                               .read_blk = read_few,
                                               .write_blk = write_few,
                                               .flush = flush_channel,
                                               .write_byte = nullptr,
                                               .set_option = nullptr,
                                               .get_stats = nullptr,
                                               .read_blk64 = read_blocks,
                                               .write_blk64 = write_blocks,
                                               .discard = nullptr,
                                               .cache_readahead = nullptr,
                                               .zeroout = nullptr,
                                               .reserved = {}};

errcode_t open_channel(const char*, int, io_channel* channel) {
  auto* made = static_cast<io_channel>(pith_ext4_calloc(1, sizeof(struct_io_channel)));
  if (made == nullptr) return EXT2_ET_NO_MEMORY;
  made->magic = EXT2_ET_MAGIC_IO_CHANNEL;
  made->manager = &channel_manager;
  made->block_size = 1024;
  *channel = made;
  return 0;
}

}  // namespace

io_manager pith_ext4_manager() { return &channel_manager; }
