// Nodes that have lost their last name, or a part of their contents: a list on the disk, and their blocks taken back a few at a time.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

constexpr u32 kPiecesAtOnce = 16;  // extents that one event frees

}  // namespace

u64* Volume::find_orphan(u64 node) {
  u64* end = state_.orphans + state_.orphan_count;
  u64* found = std::find_if(state_.orphans, end, [&](u64 orphan) { return (orphan & kOrphanNode) == node; });
  return found == end ? nullptr : found;
}

/// The node has a name less. Without any it is gone when nobody holds it.
Result<void> Volume::drop_link(u64 node, Inode& inode) {
  touch(inode, kChange);
  if (LINUX_S_ISDIR(inode.i_mode)) {
    inode.i_links_count = 0;
  } else if (inode.i_links_count != 0) {
    inode.i_links_count--;
  } else {
    return Error::Damaged;
  }
  if (inode.i_links_count == 0) {
    if (u64* orphan = find_orphan(node)) {
      *orphan &= ~kShrinks;  // it is all of it that goes
    } else {
      TRY(add_orphan(node, inode));
    }
  }
  return put(node, inode);
}

Result<void> Volume::add_orphan(u64 node, Inode& inode) {
  if (state_.orphan_count == kOrphans) return Error::NoSpace;
  inode.i_dtime = fs()->super->s_last_orphan;
  fs()->super->s_last_orphan = u32(node);
  state_.orphans[state_.orphan_count++] = node | (inode.i_links_count != 0 ? kShrinks : 0);
  return put(node, inode);
}

/// Out of the list; the node's own `i_dtime` is free for other use then.
Result<void> Volume::remove_orphan(u64 node, Inode& inode) {
  u64 *end = state_.orphans + state_.orphan_count, *place = find_orphan(node);
  if (place == nullptr) return Error::Damaged;
  if (place + 1 == end) {
    fs()->super->s_last_orphan = inode.i_dtime;
  } else {
    Inode newer;
    TRY(get(place[1] & kOrphanNode, newer));
    newer.i_dtime = inode.i_dtime;
    TRY(put(place[1] & kOrphanNode, newer));
  }
  std::copy(place + 1, end, place);
  state_.orphan_count--;
  inode.i_dtime = 0;
  return {};
}

/// The list as it is on the disk, newest first; what does not fit is read when these are done.
Result<void> Volume::load_orphans() {
  u32 count = 0;
  u64 found[kOrphans];
  u64 node = fs()->super->s_last_orphan;
  for (; node != 0 && count < kOrphans; count++) {
    Inode inode;
    for (u32 i = 0; i < count; i++) {
      if ((found[i] & kOrphanNode) == node) return Error::Damaged;
    }
    TRY(get(node, inode));
    if (inode.i_mode == 0) return Error::Damaged;
    found[count] = node | (inode.i_links_count != 0 ? kShrinks : 0);
    node = inode.i_dtime;
  }
  state_.has_more_orphans = node != 0;
  state_.orphan_count = count;
  std::reverse_copy(found, found + count, state_.orphans);
  return {};
}

/// One without a name that is held has to wait.
bool Volume::can_work_on(u64 orphan) const {
  u64 node = orphan & kOrphanNode;
  return (orphan & kBad) == 0 && !is_busy(node) && (orphan & kShrinks || !is_held(node));
}

bool Volume::has_orphan_work() const {
  if (state_.journal.stage == Stage::Drain || state_.is_broken || state_.is_read_only) return false;
  if (state_.dirty_count + kEventBlocks > capacity() || state_.freed_count + kEventBlocks > kFreedRanges) return false;
  if (state_.orphan_count == 0) return state_.has_more_orphans != 0;
  return std::any_of(state_.orphans, state_.orphans + state_.orphan_count, [&](u64 orphan) { return can_work_on(orphan); });
}

/// An event: some blocks of one of them.
void Volume::work_on_orphans() {
  if (state_.orphan_count == 0) {
    if (!load_orphans()) {
      state_.has_more_orphans = 0;
      state_.orphan_count = 0;
    }
    return;
  }
  for (u32 i = 0; i < state_.orphan_count; i++) {
    if (!can_work_on(state_.orphans[i])) continue;
    u64 node = state_.orphans[i] & kOrphanNode;
    if (node == bad_orphan_) {
      state_.orphans[i] |= kBad;
      bad_orphan_ = 0;
      return;
    }
    auto work = [&]() -> Result<void> {
      Inode inode;
      TRY(get(node, inode));
      bool has_name = inode.i_links_count != 0;
      u64 from = has_name ? (EXT2_I_SIZE(&inode) + state_.block_size - 1) / state_.block_size : 0;
      bool is_all = TRY(take_away_some(node, inode, from));
      if (is_all && has_name) {
        TRY(remove_orphan(node, inode));
      } else if (is_all) {
        TRY(free_attributes_block(node, inode));
        TRY(remove_orphan(node, inode));
        set_node_free(Node(node), inode.i_mode);
        set_size(inode, 0);
        inode.i_dtime = u32(fs()->now);
      }
      return put(node, inode);
    };
    bad_orphan_ = node;  // if this event does not come to its end, but for a block, the next one says so
    if (Result<void> done = work(); !done) surroundings_.give_up(done.error());
    bad_orphan_ = 0;
    return end_change();
  }
}

/// Blocks from `from` on, as many as one event may free. Whether those were all.
Result<bool> Volume::take_away_some(u64 node, Inode& inode, u64 from) {
  auto* plain = reinterpret_cast<ext2_inode*>(&inode);
  if (!ext2fs_inode_has_valid_blocks2(fs(), plain)) return true;
  if ((inode.i_flags & EXT4_EXTENTS_FL) == 0) return take_away_indirect(node, inode, from);
  for (u32 piece = 0; piece < kPiecesAtOnce; piece++) {
    ext2_extent_handle_t handle;
    TRY(check(ext2fs_extent_open2(fs(), Node(node), plain, &handle)));
    ext2fs_extent extent;
    errcode_t code = ext2fs_extent_get(handle, EXT2_EXTENT_ROOT, &extent);
    if (code == 0) code = ext2fs_extent_get(handle, EXT2_EXTENT_LAST_LEAF, &extent);
    if (code == EXT2_ET_EXTENT_NO_NEXT || code == EXT2_ET_NO_CURRENT_NODE || (code == 0 && extent.e_lblk + extent.e_len <= from)) {
      ext2fs_extent_free(handle);
      return true;
    }
    TRY(check(code));
    u64 kept = extent.e_lblk < from ? from - extent.e_lblk : 0;
    u64 first = extent.e_pblk + kept, count = extent.e_len - kept;
    if (count == 0) return Error::Damaged;
    if (kept == 0) {
      code = ext2fs_extent_delete(handle, 0);
    } else {
      extent.e_len = u32(kept);
      code = ext2fs_extent_replace(handle, 0, &extent);
    }
    ext2fs_extent_free(handle);
    TRY(check(code));
    free_blocks(first, count);
    TRY(check(ext2fs_iblk_sub_blocks(fs(), plain, count)));
    TRY(put(node, inode));
  }
  return false;
}

/// The same where blocks are listed one by one: from the last list that there is.
Result<bool> Volume::take_away_indirect(u64 node, Inode& inode, u64 from) {
  auto* plain = reinterpret_cast<ext2_inode*>(&inode);
  u64 per_block = state_.block_size / 4, first_of[] = {0, 12, 12 + per_block, 12 + per_block + per_block * per_block};
  u32 level = 3;
  while (level > 0 && inode.i_block[11 + level] == 0) level--;
  u64 last = 11;  // of the blocks that the last list tells of
  if (level > 0) {
    u64 start = first_of[level], block = inode.i_block[11 + level], span = per_block;
    for (u32 i = 1; i < level; i++) span *= per_block;
    last = start + span - 1;
    for (u32 depth = level; depth > 1; depth--) {
      errcode_t code;
      Frame* frame = need(block, code);
      if (frame == nullptr) return error_of(code);
      u32 entry = 0;
      u64 index = per_block;
      while (index > 0 && entry == 0) memcpy(&entry, bytes_of(frame) + --index * 4, sizeof entry);
      span /= per_block;
      start += index * span;
      last = start + span - 1;
      if (entry == 0) break;
      block = entry;
    }
  }
  u64 begin = std::max(from, last > 8 * per_block ? last - 8 * per_block : 0);
  if (last < from) return true;
  TRY(check(ext2fs_punch(fs(), Node(node), plain, nullptr, begin, ~u64{0})));
  return begin == from;
}

/// One user less of the block with the node's extended attributes.
Result<void> Volume::free_attributes_block(u64, Inode& inode) {
  u64 block = ext2fs_file_acl_block(fs(), reinterpret_cast<ext2_inode*>(&inode));
  if (block == 0) return {};
  errcode_t code;
  Frame* frame = need(block, code);
  if (frame == nullptr) return error_of(code);
  struct {
    u32 magic, references, blocks, hash, checksum;
  } header;
  memcpy(&header, bytes_of(frame), sizeof header);
  if (header.magic != 0xEA020000 || header.references == 0) return Error::Damaged;
  if (header.references == 1) {
    free_blocks(block, 1);
  } else {
    header.references--;
    memcpy(bytes_of(frame), &header, sizeof header);
    auto* attributes = reinterpret_cast<ext2_ext_attr_header*>(bytes_of(frame));
    TRY(check(ext2fs_ext_attr_block_csum_set(fs(), 0, block, attributes)));
    mark_dirty(frame);
  }
  ext2fs_file_acl_block_set(fs(), reinterpret_cast<ext2_inode*>(&inode), 0);
  return {};
}

}  // namespace pith::ext4
