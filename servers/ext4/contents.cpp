// Where contents lie, and how files get blocks.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

constexpr u64 kLongestWritten = 32768, kLongestUnwritten = 32767;

/// Given back at the end of a scope.
class Handle {
 public:
  explicit Handle(ext2_extent_handle_t handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  ~Handle() { ext2fs_extent_free(handle_); }

 private:
  ext2_extent_handle_t handle_;
};

}  // namespace

/// What lies at `block` and the up to `most` that follow.
Result<Extent> Volume::map(u64 node, Inode& inode, u64 block, u64 most) {
  auto* plain = reinterpret_cast<ext2_inode*>(&inode);
  u64 end = ext2fs_blocks_count(fs()->super), begin = fs()->super->s_first_data_block;
  if (!LINUX_S_ISREG(inode.i_mode) && !LINUX_S_ISDIR(inode.i_mode) && !LINUX_S_ISLNK(inode.i_mode)) return Error::Damaged;
  if ((inode.i_flags & EXT4_EXTENTS_FL) == 0) {
    Extent is = {};
    for (u64 i = 0; i < std::min<u64>(most, 256); i++) {
      blk64_t physical = 0;
      if (ext2fs_file_block_offset_too_big(fs(), plain, block + i)) {
        if (i == 0) return Extent{0, most, false};
        break;
      }
      TRY(check(ext2fs_bmap2(fs(), Node(node), plain, nullptr, 0, block + i, nullptr, &physical)));
      if (physical != 0 && (physical <= begin || physical >= end)) return Error::Damaged;
      if (i == 0) {
        is = {physical, 1, false};
      } else if (is.physical == 0 ? physical == 0 : physical == is.physical + i) {
        is.count++;
      } else {
        break;
      }
    }
    return is;
  }
  if (block >= u64{1} << 32) return Extent{0, most, false};
  ext2_extent_handle_t opened;
  TRY(check(ext2fs_extent_open2(fs(), Node(node), plain, &opened)));
  Handle handle(opened);
  ext2fs_extent extent;
  errcode_t code = ext2fs_extent_goto(opened, block);
  if (code == 0) code = ext2fs_extent_get(opened, EXT2_EXTENT_CURRENT, &extent);
  if (code == 0) {
    if (block < extent.e_lblk || block - extent.e_lblk >= extent.e_len) return Error::Damaged;
    if (extent.e_pblk <= begin || extent.e_pblk + extent.e_len > end) return Error::Damaged;
    u64 skip = block - extent.e_lblk;
    return Extent{extent.e_pblk + skip, std::min<u64>(most, extent.e_len - skip), (extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) != 0};
  }
  if (code != EXT2_ET_EXTENT_NOT_FOUND) return error_of(code);
  code = ext2fs_extent_get(opened, EXT2_EXTENT_CURRENT, &extent);
  // The library may go through the same leaf once more before it comes to the next one.
  while (code == 0 && extent.e_lblk <= block) code = ext2fs_extent_get(opened, EXT2_EXTENT_NEXT_LEAF, &extent);
  if (code == EXT2_ET_NO_CURRENT_NODE || code == EXT2_ET_EXTENT_NO_NEXT) return Extent{0, most, false};
  TRY(check(code));
  return Extent{0, std::min<u64>(most, extent.e_lblk - block), false};
}

/// Blocks that are the file's from now on, at a place where it had none.
Result<void> Volume::add_extent(u64 node, Inode& inode, u64 block, u64 physical, u64 count, Fill how) {
  auto* plain = reinterpret_cast<ext2_inode*>(&inode);
  if ((inode.i_flags & EXT4_EXTENTS_FL) == 0) {
    for (u64 i = 0; i < count; i++) {
      blk64_t place = physical + i;
      TRY(check(ext2fs_bmap2(fs(), Node(node), plain, nullptr, BMAP_SET | BMAP_ALLOC, block + i, nullptr, &place)));
    }
    TRY(check(ext2fs_iblk_add_blocks(fs(), plain, count)));
    return put(node, inode);
  }
  ext2_extent_handle_t opened;
  TRY(check(ext2fs_extent_open2(fs(), Node(node), plain, &opened)));
  Handle handle(opened);
  u32 flags = how == Fill::Unwritten ? EXT2_EXTENT_FLAGS_UNINIT : 0;
  ext2fs_extent fresh = {physical, block, u32(count), flags}, near;
  errcode_t code = ext2fs_extent_goto(opened, block);
  if (code == 0) return Error::Damaged;
  if (code != EXT2_ET_EXTENT_NOT_FOUND && code != EXT2_ET_EXTENT_NO_DOWN && code != EXT2_ET_NO_CURRENT_NODE) return error_of(code);
  code = ext2fs_extent_get(opened, EXT2_EXTENT_CURRENT, &near);
  if (code == 0) {
    u64 longest = how == Fill::Unwritten ? kLongestUnwritten : kLongestWritten;
    bool is_same = (near.e_flags & EXT2_EXTENT_FLAGS_UNINIT) == flags;
    if (is_same && near.e_lblk + near.e_len == block && near.e_pblk + near.e_len == physical && near.e_len + count <= longest) {
      near.e_len += u32(count);
      TRY(check(ext2fs_extent_replace(opened, 0, &near)));
      TRY(check(ext2fs_iblk_add_blocks(fs(), plain, count)));
      return put(node, inode);
    }
  } else if (code != EXT2_ET_NO_CURRENT_NODE) {
    return error_of(code);
  }
  TRY(check(ext2fs_extent_insert(opened, code == 0 && near.e_lblk < block ? EXT2_EXTENT_INSERT_AFTER : 0, &fresh)));
  TRY(check(ext2fs_extent_fix_parents(opened)));
  TRY(check(ext2fs_iblk_add_blocks(fs(), plain, count)));
  return put(node, inode);
}

/// Gives a range blocks where it has none, and says whether its first and its last block have no content yet. Answers how many blocks are
/// new.
Result<u64> Volume::fill(u64 node, Inode& inode, u64 block, u64 count, Fill how, bool& is_first_fresh, bool& is_last_fresh) {
  is_first_fresh = is_last_fresh = false;
  u64 added = 0, goal = goal_of(Node(node), nullptr), end = block + count;
  if (block != 0) {
    Extent before = TRY(map(node, inode, block - 1, 1));
    if (before.physical != 0) goal = before.physical + 1;
  }
  auto note = [&](u64 first, u64 length) {
    is_first_fresh |= first == block;
    is_last_fresh |= first + length == end;
  };
  for (u64 at = block; at < end;) {
    Extent is = TRY(map(node, inode, at, end - at));
    if (is.physical == 0) {
      u64 longest = how == Fill::Unwritten ? kLongestUnwritten : kLongestWritten, physical, found;
      TRY(check(find_free(goal, std::min(is.count, longest), &physical, &found)));
      if ((inode.i_flags & EXT4_EXTENTS_FL) == 0 && physical + found > ~u32{0}) return Error::NoSpace;
      TRY(check(take_blocks(physical, found)));
      TRY(add_extent(node, inode, at, physical, found, how));
      note(at, found);
      added += found;
      at += found;
      goal = physical + found;
      continue;
    }
    if (is.is_unwritten && how == Fill::Written) {
      ext2_extent_handle_t opened;
      TRY(check(ext2fs_extent_open2(fs(), Node(node), reinterpret_cast<ext2_inode*>(&inode), &opened)));
      Handle handle(opened);
      for (u64 i = 0; i < is.count; i++) TRY(check(ext2fs_extent_set_bmap(opened, at + i, is.physical + i, 0)));
      note(at, is.count);
    }
    at += is.count;
    goal = is.physical + is.count;
  }
  return added;
}

Result<u64> Volume::allocate(u64 node, u64 offset, u64 length, u64 flags) {
  TRY(begin_change());
  Inode inode;
  TRY(get_live(node, inode));
  if (!LINUX_S_ISREG(inode.i_mode)) return Error::WrongType;
  if (length == 0 || (flags & ~(kKeepSize | kTakeAway)) != 0) return Error::BadArgument;
  if (offset > most_bytes(inode) || length > most_bytes(inode) - offset) return Error::Limit;
  wait_for_contents(node);
  u64 block = state_.block_size, size = EXT2_I_SIZE(&inode);
  if (flags & kTakeAway) {
    // Whole blocks are taken away; what is left at both ends is cleared.
    u64 first = (offset + block - 1) / block, last = (offset + length) / block;
    for (u64 side = 0; side < 2; side++) {
      u64 from = side == 0 ? offset : last * block, to = side == 0 ? std::min(first * block, offset + length) : offset + length;
      if (from >= to || (side == 1 && last < first)) continue;
      Extent is = TRY(map(node, inode, from / block, 1));
      if (is.physical == 0 || is.is_unwritten) continue;
      Transfer* transfer = new_transfer(Transfer::Kind::Clear, node);
      transfer->offset = from;
      transfer->length = to - from;
    }
    if (first < last) {
      u32 before = state_.freed_count;
      TRY(check(ext2fs_punch(fs(), Node(node), reinterpret_cast<ext2_inode*>(&inode), nullptr, first, last - 1)));
      if (state_.freed_count - before > kEventBlocks) return Error::NoSpace;
    }
  } else {
    if ((inode.i_flags & EXT4_EXTENTS_FL) == 0) return Error::NotSupported;  // such files know no blocks without content
    bool is_fresh[2];
    u64 first = offset / block, last = (offset + length + block - 1) / block;
    TRY(fill(node, inode, first, last - first, Fill::Unwritten, is_fresh[0], is_fresh[1]));
    if ((flags & kKeepSize) == 0 && offset + length > size) set_size(inode, size = offset + length);
  }
  TRY(put_changed(node, inode));
  end_change();
  return size;
}

Result<void> Volume::put_changed(u64 node, Inode& inode) {
  touch(inode, kModification | kChange);
  return put(node, inode);
}

}  // namespace pith::ext4
