// Requests of the disk: what is under way is known to the instance only; what is to be done is in the vault, and submitted anew by the
// next.
#include <algorithm>
#include <cstring>

#include "servers/fat/volume.h"

namespace pith::fat {

using block::Operation;
using block::Outcome;

Volume::Volume(State& state, Surroundings& surroundings, const SharedMemory& memory, CapabilitySlot disk, u32 partition)
    : state_(state), surroundings_(surroundings), memory_(memory), partition_(partition), client_(memory, disk) {
  memset(memory_.bytes.data() + kZeroes, 0, kZeroBytes);
  client_.open();
}

bool Volume::look() {
  bool has_moved = false;
  if (is_settling_) {
    // Nothing may arrive that this instance has not asked for: memory could be used for something else by then.
    if (client_.has_requests()) return false;
    for (u32 i = 0; i < block::kMostRequests; i++) (void)client_.take(i);
    is_settling_ = false;
    has_moved = true;
  }
  while (take_done() || submit_all()) has_moved = true;
  return has_moved;
}

bool Volume::take_done() {
  bool has_any = false;
  for (u32 i = 0; i < block::kMostRequests; i++) {
    if (slots_[i].purpose == Purpose::None) continue;
    std::optional<Outcome> outcome = client_.take(i);
    if (!outcome) continue;
    has_any = true;
    Slot slot = std::exchange(slots_[i], Slot{});
    bool is_good = *outcome == Outcome::Good;
    if (slot.purpose == Purpose::Read) {
      reads_[slot.index].is_done = 1;
      reads_[slot.index].is_good = is_good;
    } else if (slot.purpose == Purpose::Transfer) {
      is_under_way_[slot.index] = false;
      is_done_[slot.index] = true;
      outcomes_[slot.index] = *outcome;
    } else {
      writes_--;
      // A disk that cannot flush has nothing to flush.
      if (!is_good && !(is_flushing_ && *outcome == Outcome::NotSupported)) has_failed_ = true;
    }
  }
  return has_any;
}

bool Volume::submit(block::Request request, Purpose purpose, u32 index) {
  if (request.operation != Operation::Flush) request.sector += state_.first_sector;
  std::optional<u32> slot = client_.submit(request);
  if (!slot) return false;
  slots_[*slot] = {purpose, u8(index)};
  is_new_ = true;
  return true;
}

/// Whether the disk was given anything.
bool Volume::submit_all() {
  if (!client_.is_told() || !client_.is_present()) return false;
  submit_reads();
  submit_transfers();
  submit_stage();
  if (!is_new_) return false;
  is_new_ = false;
  client_.ring();
  return true;
}

/// Sectors that belong together, from a wanted one on.
void Volume::submit_reads() {
  const Geometry& where = state_.geometry;
  while (wanted_count_ != 0) {
    u32 index = 0;
    while (index < kReads && reads_[index].is_used != 0) index++;
    if (index == kReads) return;
    u64 sector = wanted_[wanted_count_ - 1], end = sector + 1;
    u64 tables_end = where.table_start + where.tables * where.table_sectors;
    if (state_.mount != Mount::Start && sector >= where.data_start) {
      end = where.data_start + ((sector - where.data_start) / where.cluster_sectors + 1) * where.cluster_sectors;
    } else if (state_.mount != Mount::Start && sector >= tables_end) {
      end = where.data_start;
    } else if (state_.mount != Mount::Start && sector >= where.table_start) {
      end = where.table_start + ((sector - where.table_start) / where.table_sectors + 1) * where.table_sectors;
    }
    u64 count = std::min({end - sector, u64{kReadSectors}, sectors_of_disk() - sector});
    block::Request request{};
    request.operation = Operation::Read;
    request.length = u32(count) * kSector;
    request.sector = sector;
    request.memory = memory_.number;
    request.offset = kReadBuffers + u64{index} * kReadSectors * kSector;
    if (!submit(request, Purpose::Read, index)) return;
    reads_[index] = {sector, u8(count), 1, 0, 0, 0};
    wanted_count_--;
  }
}

void Volume::submit_transfers() {
  for (u32 i = 0; i < kTransfers; i++) {
    const Transfer& transfer = state_.transfers[i];
    if (transfer.kind == Transfer::Kind::None || transfer.step != Transfer::Step::Disk || is_under_way_[i] || is_done_[i]) continue;
    bool is_read =
        transfer.mode == Transfer::Mode::Fetch || (transfer.mode == Transfer::Mode::Direct && transfer.kind == Transfer::Kind::Read);
    block::Request request{};
    request.operation = is_read ? Operation::Read : Operation::Write;
    request.length = transfer.bytes;
    request.sector = transfer.sector;
    request.memory = memory_.number;
    request.offset = transfer.mode == Transfer::Mode::Zeroes ? kZeroes : kBounceBuffers + u64{i} * kBounceBytes;
    if (transfer.mode == Transfer::Mode::Direct) {
      Result<ClientMemory> memory = surroundings_.memory_of(transfer.session);
      if (!memory) {
        is_done_[i] = true;
        outcomes_[i] = Outcome::Malformed;
        continue;
      }
      request.memory = memory->number;
      request.offset = transfer.place;
    }
    if (!submit(request, Purpose::Transfer, i)) return;
    is_under_way_[i] = true;
  }
}

/// A run of sectors that lie one behind the other in the staging memory, from `staged` on, `copies` times.
void Volume::submit_run(u64 sector, u32 count, u32 staged, u32 copies) {
  block::Request request{};
  request.operation = Operation::Write;
  request.length = count * kSector;
  request.memory = memory_.number;
  request.offset = kStaging + u64{staged} * kSector;
  const Geometry& where = state_.geometry;
  for (u32 i = 0; i < copies; i++) {
    request.sector = copies == 1 ? sector : sector - where.active_table * where.table_sectors + i * where.table_sectors;
    if (submit(request, Purpose::Write, 0)) writes_++;
  }
}

/// Nothing is changed while a stage is under way, so what it writes is known at its beginning.
void Volume::start_stage() {
  started_ = state_.stage;
  order_count_ = cursor_ = 0;
  is_flushed_ = is_flushing_ = is_stage_done_ = has_failed_ = false;
  for (u32 i = 0; i < kFrames; i++) {
    if (is_of_stage(state_.frames[i])) order_[order_count_++] = i;
  }
  std::sort(order_, order_ + order_count_, [&](u32 one, u32 other) { return state_.frames[one].sector < state_.frames[other].sector; });
}

/// One of the sectors that are no frames: the first one, or the one with the number of free clusters.
void Volume::submit_single() {
  std::byte* staged = memory_.bytes.data() + kStaging;
  cursor_ = 1;
  if (state_.stage == Stage::Information) {
    if (state_.geometry.information == 0) return;
    memcpy(staged, state_.information, kSector);
    put32(staged + InformationSector::kFree, state_.free_clusters);
    put32(staged + InformationSector::kNext, state_.next_free);
    return submit_run(state_.geometry.information, 1, 0, 1);
  }
  memcpy(staged, state_.boot, kSector);
  std::byte& flags = staged[state_.geometry.state_byte];
  flags = state_.stage == Stage::Mark ? flags | std::byte(BootSector::kInUse) : flags & ~std::byte(BootSector::kInUse);
  submit_run(0, 1, 0, 1);
}

void Volume::submit_frames() {
  bool is_of_table = state_.stage == Stage::Table || state_.stage == Stage::FreeTable, is_zero = state_.stage == Stage::NewClusters;
  u32 copies = is_of_table ? state_.geometry.tables : 1, staged = 0;
  while (cursor_ < order_count_ && staged < kStagedSectors && writes_ + copies <= kWrites) {
    u64 first = state_.frames[order_[cursor_]].sector;
    u32 begin = staged;
    for (; cursor_ < order_count_ && staged < kStagedSectors; cursor_++, staged++) {
      const Frame& frame = state_.frames[order_[cursor_]];
      if (frame.sector != first + (staged - begin)) break;
      std::byte* place = memory_.bytes.data() + kStaging + u64{staged} * kSector;
      if (is_zero) {
        memset(place, 0, kSector);
      } else {
        memcpy(place, bytes_of(frame), kSector);
      }
    }
    submit_run(first, staged - begin, begin, copies);
  }
}

void Volume::submit_stage() {
  Stage stage = state_.stage;
  if (stage == Stage::None || stage == Stage::Drain || stage == Stage::Fill || stage == Stage::Free) {
    started_ = Stage::None;
    return;
  }
  if (started_ != stage) start_stage();
  if (writes_ != 0 || is_stage_done_) return;
  bool is_single = stage == Stage::Mark || stage == Stage::Information || stage == Stage::Clear;
  if (is_single && cursor_ == 0) submit_single();
  if (!is_single && cursor_ < order_count_ && !has_failed_) submit_frames();
  if (writes_ != 0) return;
  bool wants_flush = is_single || stage == Stage::NewClusters || order_count_ != 0;
  if (wants_flush && !is_flushed_ && !has_failed_ && client_.can_flush()) {
    block::Request request{};
    request.operation = Operation::Flush;
    if (!submit(request, Purpose::Write, 0)) return;
    is_flushing_ = is_flushed_ = true;
    writes_++;
    return;
  }
  is_stage_done_ = true;
}

}  // namespace pith::fat
