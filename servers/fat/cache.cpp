// Sectors of the table and of directories in the vault. Bytes get into a frame without being logged, so a frame is only filled that was
// free before the event: what is taken back leaves it free.
#include <cstring>

#include "lib/vault/bulk.h"
#include "servers/fat/volume.h"

namespace pith::fat {

Frame* Volume::find_frame(u64 sector) {
  u32 found = state_.frame_index.find(sector, [&](u32 place) { return state_.frames[place].sector == sector; });
  if (found == 0) return nullptr;
  is_recent_[found - 1] = 1;
  return &state_.frames[found - 1];
}

Frame& Volume::need(u64 sector) {
  if (Frame* frame = find_frame(sector)) return *frame;
  if (sector >= sectors_of_disk()) surroundings_.give_up(Error::Damaged);
  if (bad_sector_ != kNowhere && sector - bad_sector_ < kReadSectors) {
    bad_sector_ = kNowhere;  // the next one who wants it tries again
    surroundings_.give_up(Error::Damaged);
  }
  want(sector);
  surroundings_.wait();
}

/// For changing it.
std::byte* Volume::change(Frame& frame) {
  if ((frame.flags & Frame::kChanged) == 0) {
    frame.flags |= Frame::kChanged;
    state_.changed_frames++;
  }
  if (state_.oldest_change == 0) state_.oldest_change = surroundings_.time() | 1;
  return bytes_of(frame);
}

/// A sector whose content on the medium does not matter.
Frame& Volume::add_zero_frame(u64 sector, u32 flags) {
  for (Read& read : reads_) {
    if (read.is_used != 0 && sector - read.sector < kReadSectors) read.is_void = 1;
  }
  Frame* frame = find_frame(sector);
  if (frame != nullptr) {  // only where a damaged volume has it twice
    memset(change(*frame), 0, kSector);
  } else {
    if (state_.free_frames == 0) {
      wants_room_ = true;
      surroundings_.wait();
    }
    u32 place = state_.free_frame[--state_.free_frames];
    frame = &state_.frames[place];
    vault::clear_unlogged(bytes_of(*frame), kSector);
    *frame = {sector, Frame::kInUse, 0};
    state_.frame_index.add(sector, place);
    change(*frame);
  }
  frame->flags |= flags;
  return *frame;
}

void Volume::drop_frame(Frame& frame) {
  u32 place = u32(&frame - state_.frames);
  if ((frame.flags & Frame::kChanged) != 0) state_.changed_frames--;
  state_.frame_index.remove(frame.sector, place);
  frame = {};
  state_.free_frame[state_.free_frames++] = place;
}

/// Asks for a sector, and for those behind it that belong to the same table, cluster or directory.
void Volume::want(u64 sector) {
  for (const Read& read : reads_) {
    if (read.is_used != 0 && read.is_void == 0 && sector - read.sector < kReadSectors) return;
  }
  for (u32 i = 0; i < wanted_count_; i++) {
    if (wanted_[i] == sector) return;
  }
  if (wanted_count_ < kReads) wanted_[wanted_count_++] = sector;
}

void Volume::insert_arrived() {
  for (u32 i = 0; i < kReads; i++) {
    Read& read = reads_[i];
    if (read.is_used == 0 || read.is_done == 0) continue;
    if (read.is_good == 0 && read.is_void == 0) bad_sector_ = read.sector;
    if (state_.free_frames < kReadSectors) return;
    for (u32 k = 0; k < read.count && read.is_good != 0 && read.is_void == 0; k++) {
      u64 sector = read.sector + k;
      if (find_frame(sector) != nullptr) continue;
      u32 place = state_.free_frame[--state_.free_frames];
      Frame& frame = state_.frames[place];
      vault::store_unlogged(bytes_of(frame), memory_.bytes.subspan(kReadBuffers + (u64{i} * kReadSectors + k) * kSector, kSector));
      u64 table_end = state_.geometry.table_start + state_.geometry.tables * state_.geometry.table_sectors;
      bool is_of_table = sector >= state_.geometry.table_start && sector < table_end;
      frame = {sector, Frame::kInUse | (is_of_table ? Frame::kOfTable : 0), 0};
      state_.frame_index.add(sector, place);
      is_recent_[place] = 1;
    }
    read = {};
  }
  for (bool& is_waiting : is_waiting_) is_waiting = false;
  is_mount_waiting_ = is_stage_waiting_ = false;
}

/// Frames that have not been used for long become free; they may be filled in later events.
void Volume::make_room() {
  wants_room_ = false;
  for (u32 looked = 0; looked < 2 * kFrames && state_.free_frames < kReads * kReadSectors; looked++) {
    hand_ = (hand_ + 1) % kFrames;
    Frame& frame = state_.frames[hand_];
    if (is_recent_[hand_] != 0) {
      is_recent_[hand_] = 0;
    } else if (frame.flags == Frame::kInUse || frame.flags == (Frame::kInUse | Frame::kOfTable)) {
      drop_frame(frame);
    }
  }
  if (state_.free_frames < kReadSectors) wants_round_ = true;
}

}  // namespace pith::fat
