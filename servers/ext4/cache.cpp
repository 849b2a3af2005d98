// The cache of metadata: frames in the vault, found by a table; what is not there is asked of the disk, and the event that needs it run
// again.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lib/vault/bulk.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

u32 bucket_of(u64 block) { return u32(block * 0x9e3779b97f4a7c15 >> 32) % kFrames; }

/// Stores only words that differ: the others need no place in the undo log.
void copy_changes(std::byte* to, const std::byte* from, u64 length) {
  for (u64 i = 0; i < length; i += sizeof(u64)) {
    u64 now, then;
    memcpy(&now, to + i, sizeof now);
    memcpy(&then, from + i, sizeof then);
    if (now != then) memcpy(to + i, &then, sizeof then);
  }
}

}  // namespace

Frame* Volume::find_frame(u64 block) {
  for (u32 place = state_.buckets[bucket_of(block)], steps = 0; place != 0 && steps < kFrames; steps++) {
    Frame& frame = state_.frames[place - 1];
    if (frame.block == block) {
      used_[place - 1] = clock_;
      return &frame;
    }
    place = frame.next;
  }
  return nullptr;
}

void Volume::unlink_frame(Frame* frame) {
  u32 place = u32(frame - state_.frames) + 1;
  for (u32* link = &state_.buckets[bucket_of(frame->block)]; *link != 0; link = &state_.frames[*link - 1].next) {
    if (*link != place) continue;
    *link = frame->next;
    break;
  }
  frame->flags = 0;
}

/// A frame for a block that has none; its bytes are yet to be written. Null: none can be had before a transaction has ended.
Frame* Volume::add_frame(u64 block) {
  u32 best = kFrames;
  for (u32 i = 0; i < kFrames; i++) {
    u32 flags = state_.frames[i].flags;
    if (flags == 0) {
      best = i;
      break;
    }
    if ((flags & (Frame::kDirty | Frame::kStaged)) == 0 && used_[i] != clock_ && (best == kFrames || used_[i] < used_[best])) best = i;
  }
  if (best == kFrames) return nullptr;
  Frame& frame = state_.frames[best];
  if (frame.flags != 0) unlink_frame(&frame);
  u32& bucket = state_.buckets[bucket_of(block)];
  frame.block = block;
  frame.next = bucket;
  frame.flags = Frame::kInUse;
  bucket = best + 1;
  used_[best] = clock_;
  return &frame;
}

void Volume::mark_dirty(Frame* frame) {
  if (frame->flags & Frame::kDirty) return;
  frame->flags |= Frame::kDirty;
  state_.dirty[state_.dirty_count++] = u32(frame - state_.frames);
}

/// Blocks that hold no metadata any more: what is in memory of them is not written.
void Volume::forget_blocks(u64 first, u64 count) {
  auto forget = [this](Frame* frame) {
    if (frame->flags & Frame::kDirty) {
      u32 place = u32(frame - state_.frames);
      u32* found = std::find(state_.dirty, state_.dirty + state_.dirty_count, place);
      if (found != state_.dirty + state_.dirty_count) *found = state_.dirty[--state_.dirty_count];
      frame->flags &= ~Frame::kDirty;
    }
    if ((frame->flags & Frame::kStaged) == 0) unlink_frame(frame);
  };
  if (count < kFrames) {
    for (u64 i = 0; i < count; i++) {
      if (Frame* frame = find_frame(first + i)) forget(frame);
    }
    return;
  }
  for (Frame& frame : state_.frames) {
    if (frame.flags != 0 && frame.block - first < count) forget(&frame);
  }
}

void Volume::forget_all_blocks() {
  memset(state_.buckets, 0, sizeof state_.buckets);
  for (Frame& frame : state_.frames) frame.flags = 0;
  state_.dirty_count = 0;
}

/// The block's frame; the event ends here if there is none yet. Null: `code` says why.
Frame* Volume::need(u64 block, errcode_t& code) {
  code = 0;
  if (block >= block_limit()) {
    code = EXT2_ET_BAD_BLOCK_NUM;
    return nullptr;
  }
  if (reads_left_ == 0) {
    code = EXT2_ET_EXTENT_CYCLE;
    return nullptr;
  }
  reads_left_--;
  if (Frame* frame = find_frame(block)) return frame;
  for (u64& failed : failed_) {
    if (failed != block + 1) continue;
    failed = 0;
    code = EXT2_ET_SHORT_READ;
    return nullptr;
  }
  want(block);
  for (u64 next = block + 1; next <= block + kReadAhead && next < block_limit(); next++) {
    if (find_frame(next) == nullptr) want(next);
  }
  wait();
}

void Volume::want(u64 block) {
  Wanted* place = nullptr;
  for (Wanted& wanted : wanted_) {
    if (wanted.block == block + 1) return;
    if (wanted.block == 0 && place == nullptr) place = &wanted;
  }
  if (place != nullptr) *place = {block + 1, 0, 0};
}

bool Volume::has_arrived() const {
  const block::Ring& ring = disk_.ring();
  for (u32 i = 0; i < kReads; i++) {
    if (wanted_[i].block != 0 && wanted_[i].is_requested && state_of(ring.requests[kFirstRead + i]) == block::State::Done) return true;
  }
  return false;
}

/// Puts what has been read where it is found.
void Volume::insert_arrived() {
  for (u32 i = 0; i < kReads; i++) {
    Wanted& wanted = wanted_[i];
    block::Request& request = disk_.ring().requests[kFirstRead + i];
    if (wanted.block == 0 || !wanted.is_requested || state_of(request) != block::State::Done) continue;
    u64 block = wanted.block - 1;
    if (request.outcome != block::Outcome::Good) {
      failed_[failed_next_++ % kReads] = block + 1;
    } else if (find_frame(block) == nullptr) {
      Frame* frame = nullptr;
      for (u32 k = 0; k < kFrames && frame == nullptr; k++) {
        if (state_.frames[k].flags == 0) frame = add_frame(block);
      }
      std::span<const std::byte> bytes(disk_.memory.data() + kReadBuffers + u64{i} * kFrameBytes, state_.block_size);
      if (frame != nullptr) {
        vault::store_unlogged(bytes_of(frame), bytes);  // nothing refers to it if this event is taken back
      } else if ((frame = add_frame(block)) != nullptr) {
        copy_changes(bytes_of(frame), bytes.data(), bytes.size());
      } else {
        is_round_wanted_ = true;  // all are dirty: it is read again afterwards
      }
    }
    wanted = {};
    set_state(request, block::State::Free);
  }
}

errcode_t Volume::read_bytes(u64 offset, u64 length, void* to) {
  auto* place = static_cast<std::byte*>(to);
  while (length != 0) {
    u64 within = offset % state_.block_size, part = std::min<u64>(length, state_.block_size - within);
    errcode_t code;
    Frame* frame = need(offset / state_.block_size, code);
    if (frame == nullptr) return code;
    memcpy(place, bytes_of(frame) + within, part);
    place += part;
    offset += part;
    length -= part;
  }
  return 0;
}

/// Whole blocks only.
errcode_t Volume::write_bytes(u64 offset, u64 length, const void* from) {
  if (offset % state_.block_size != 0 || length % state_.block_size != 0) return EXT2_ET_INVALID_ARGUMENT;
  const auto* place = static_cast<const std::byte*>(from);
  for (u64 block = offset / state_.block_size; length != 0; block++, length -= state_.block_size, place += state_.block_size) {
    if (block >= block_limit() || block == 0) return EXT2_ET_BAD_BLOCK_NUM;
    Frame* frame = find_frame(block);
    if (frame == nullptr) frame = add_frame(block);
    if (frame == nullptr) {
      is_round_wanted_ = true;
      surroundings_.give_up(Error::NoSpace);
    }
    copy_changes(bytes_of(frame), place, state_.block_size);
    mark_dirty(frame);
  }
  return 0;
}

errcode_t Volume::clear_block(u64 block) {
  static const std::byte zeroes[kFrameBytes] = {};
  return write_bytes(block * state_.block_size, state_.block_size, zeroes);
}

}  // namespace pith::ext4
