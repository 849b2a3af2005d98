// Which blocks and nodes are free: the file system's own bitmaps, changed where they lie in the cache.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

bool has_bit(const std::byte* bits, u64 index) { return (u8(bits[index / 8]) >> index % 8 & 1) != 0; }
void set_bit(std::byte* bits, u64 index) { bits[index / 8] |= std::byte(1 << index % 8); }
void clear_bit(std::byte* bits, u64 index) { bits[index / 8] &= ~std::byte(1 << index % 8); }

enum class Use { Free, Taken };

/// Bits that all say the opposite: a word at once, so that the undo log has one entry for each. Whether they did.
bool change_bits(std::byte* bits, u64 first, u64 count, Use to) {
  for (u64 end = first + count; first < end;) {
    u64 within = first % 64, part = std::min(64 - within, end - first), word;
    u64 mask = (part == 64 ? ~u64{0} : (u64{1} << part) - 1) << within;
    std::byte* place = bits + first / 64 * 8;
    memcpy(&word, place, sizeof word);
    if ((word & mask) != (to == Use::Taken ? 0 : mask)) return false;
    word ^= mask;
    memcpy(place, &word, sizeof word);
    first += part;
  }
  return true;
}

/// The first clear bit in [from, end), or `end`.
u64 find_clear(const std::byte* bits, u64 from, u64 end) {
  while (from < end) {
    if (from % 64 == 0 && from + 64 <= end) {
      u64 word;
      memcpy(&word, bits + from / 8, sizeof word);
      if (word == ~u64{0}) {
        from += 64;
        continue;
      }
    }
    if (!has_bit(bits, from)) return from;
    from++;
  }
  return end;
}

bool is_power_of(u64 value, u64 base) {
  while (value > 1 && value % base == 0) value /= base;
  return value == 1;
}

}  // namespace

void Volume::mark_group(u32 group) {
  if (group / 64 < std::size(state_.dirty_groups)) state_.dirty_groups[group / 64] |= u64{1} << group % 64;
}

/// The group's map of blocks, checked once, made if it was never used.
errcode_t Volume::block_map(u32 group, GroupMap& map) {
  u64 block = ext2fs_block_bitmap_loc(fs(), group);
  u64 group_blocks = ext2fs_group_blocks_count(fs(), group), bits = fs()->super->s_blocks_per_group;
  errcode_t code = 0;
  if (ext2fs_has_group_desc_csum(fs()) && ext2fs_bg_flags_test(fs(), group, EXT2_BG_BLOCK_UNINIT)) {
    code = clear_block(block);
    if (code != 0) return code;
    map.frame = need(block, code);
    if (map.frame == nullptr) return code;
    map.bits = bytes_of(map.frame);
    u64 first = ext2fs_group_first_block2(fs(), group);
    auto use = [&](u64 from, u64 count) {
      for (u64 i = from; i < from + count; i++) {
        if (i >= first && i - first < group_blocks) set_bit(map.bits, i - first);
      }
    };
    bool has_super = ext2fs_bg_has_super(fs(), group) != 0, is_meta = ext2fs_has_feature_meta_bg(fs()->super) != 0;
    u64 per_block = EXT2_DESC_PER_BLOCK(fs()->super);
    if (has_super) use(first, 1);
    if (!is_meta || group < u64{fs()->super->s_first_meta_bg} * per_block) {
      u64 old = is_meta ? fs()->super->s_first_meta_bg : fs()->desc_blocks + fs()->super->s_reserved_gdt_blocks;
      if (has_super) use(first + 1, std::min<u64>(old, group_blocks));
    } else if (group % per_block == 0 || group % per_block == 1 || group % per_block == per_block - 1) {
      use(first + has_super, 1);
    }
    use(block, 1);
    use(ext2fs_inode_bitmap_loc(fs(), group), 1);
    use(ext2fs_inode_table_loc(fs(), group), fs()->inode_blocks_per_group);
    for (u64 i = group_blocks; i < u64{state_.block_size} * 8; i++) set_bit(map.bits, i);
    map.frame->flags |= Frame::kVerified;
    ext2fs_bg_flags_clear(fs(), group, EXT2_BG_BLOCK_UNINIT);
    mark_group(group);
    return 0;
  }
  map.frame = need(block, code);
  if (map.frame == nullptr) return code;
  map.bits = bytes_of(map.frame);
  if ((map.frame->flags & Frame::kVerified) == 0) {
    if (!ext2fs_block_bitmap_csum_verify(fs(), group, reinterpret_cast<char*>(map.bits), int(bits / 8)))
      return EXT2_ET_BLOCK_BITMAP_CSUM_INVALID;
    map.frame->flags |= Frame::kVerified;
  }
  return 0;
}

errcode_t Volume::node_map(u32 group, GroupMap& map) {
  u64 block = ext2fs_inode_bitmap_loc(fs(), group), bits = fs()->super->s_inodes_per_group;
  errcode_t code = 0;
  if (ext2fs_has_group_desc_csum(fs()) && ext2fs_bg_flags_test(fs(), group, EXT2_BG_INODE_UNINIT)) {
    code = clear_block(block);
    if (code != 0) return code;
    map.frame = need(block, code);
    if (map.frame == nullptr) return code;
    map.bits = bytes_of(map.frame);
    for (u64 i = bits; i < u64{state_.block_size} * 8; i++) set_bit(map.bits, i);
    map.frame->flags |= Frame::kVerified;
    ext2fs_bg_flags_clear(fs(), group, EXT2_BG_INODE_UNINIT);
    mark_group(group);
    return 0;
  }
  map.frame = need(block, code);
  if (map.frame == nullptr) return code;
  map.bits = bytes_of(map.frame);
  if ((map.frame->flags & Frame::kVerified) == 0) {
    if (!ext2fs_inode_bitmap_csum_verify(fs(), group, reinterpret_cast<char*>(map.bits), int((bits + 7) / 8)))
      return EXT2_ET_INODE_BITMAP_CSUM_INVALID;
    map.frame->flags |= Frame::kVerified;
  }
  return 0;
}

/// Whether the block was freed in a transaction that is not yet on the medium; `until` is the end of its range then.
bool Volume::is_freed(u64 block, u64& until) const {
  for (u32 i = 0; i < state_.freed_count; i++) {
    const FreedRange& range = state_.freed[i];
    if (block - range.first >= range.count) continue;
    until = range.first + range.count;
    return true;
  }
  return false;
}

/// Up to `most` free blocks in a row, near to `goal`. The last block is given to nobody: the library could not take it back.
errcode_t Volume::find_free(u64 goal, u64 most, u64* first, u64* count) {
  u64 begin = fs()->super->s_first_data_block, end = ext2fs_blocks_count(fs()->super) - 1;
  u32 groups = fs()->group_desc_count;
  if (goal < begin || goal >= end) goal = begin;
  u32 goal_group = u32(group_of(goal));
  for (u32 step = 0; step <= groups; step++) {
    u32 group = (goal_group + step) % groups;
    if (ext2fs_bg_free_blocks_count(fs(), group) == 0) continue;
    GroupMap map;
    if (errcode_t code = block_map(group, map)) return code;
    u64 group_first = ext2fs_group_first_block2(fs(), group);
    u64 limit = std::min<u64>(ext2fs_group_blocks_count(fs(), group), end > group_first ? end - group_first : 0);
    for (u64 bit = step == 0 ? goal - group_first : 0; (bit = find_clear(map.bits, bit, limit)) < limit;) {
      u64 until;
      if (is_freed(group_first + bit, until)) {
        bit = until - group_first;
        continue;
      }
      u64 length = 1;
      while (length < most && bit + length < limit && !has_bit(map.bits, bit + length) && !is_freed(group_first + bit + length, until))
        length++;
      *first = group_first + bit;
      *count = length;
      return 0;
    }
  }
  // What was freed can be had when its transaction is on the medium, and what is being freed a little later.
  if (state_.freed_count != 0) is_round_wanted_ = true;
  if (state_.freed_count != 0 || has_orphan_work()) wait();
  return EXT2_ET_BLOCK_ALLOC_FAIL;
}

errcode_t Volume::take_blocks(u64 first, u64 count) {
  forget_blocks(first, count);  // what was read ahead of them is not theirs
  while (count != 0) {
    if (first < fs()->super->s_first_data_block || first >= ext2fs_blocks_count(fs()->super)) return EXT2_ET_BAD_BLOCK_NUM;
    u32 group = u32(group_of(first));
    u64 group_first = ext2fs_group_first_block2(fs(), group);
    u64 part = std::min(count, group_first + ext2fs_group_blocks_count(fs(), group) - first);
    GroupMap map;
    if (errcode_t code = block_map(group, map)) return code;
    if (!change_bits(map.bits, first - group_first, part, Use::Taken)) return EXT2_ET_CORRUPT_SUPERBLOCK;
    mark_dirty(map.frame);
    u64 free = ext2fs_bg_free_blocks_count(fs(), group);
    ext2fs_bg_free_blocks_count_set(fs(), group, u32(free - std::min(free, part)));
    ext2fs_free_blocks_count_add(fs()->super, -blk64_t(std::min<u64>(part, ext2fs_free_blocks_count(fs()->super))));
    mark_group(group);
    first += part;
    count -= part;
  }
  return 0;
}

/// Gives the event up when that contradicts the map.
void Volume::free_blocks(u64 first, u64 count) {
  forget_blocks(first, count);
  FreedRange* last = state_.freed_count != 0 ? &state_.freed[state_.freed_count - 1] : nullptr;
  if (last != nullptr && !last->is_committing && last->first + last->count == first && last->count + count < ~u32{0}) {
    last->count += u32(count);
  } else if (last != nullptr && !last->is_committing && first + count == last->first && last->count + count < ~u32{0}) {
    last->first = first;
    last->count += u32(count);
  } else {
    if (state_.freed_count == kFreedRanges) surroundings_.give_up(Error::NoSpace);
    state_.freed[state_.freed_count++] = {first, u32(count), 0};
  }
  while (count != 0) {
    if (first <= fs()->super->s_first_data_block || first >= ext2fs_blocks_count(fs()->super)) surroundings_.give_up(Error::Damaged);
    u32 group = u32(group_of(first));
    u64 group_first = ext2fs_group_first_block2(fs(), group);
    u64 part = std::min(count, group_first + ext2fs_group_blocks_count(fs(), group) - first);
    GroupMap map;
    if (block_map(group, map) != 0) surroundings_.give_up(Error::Damaged);
    if (!change_bits(map.bits, first - group_first, part, Use::Free)) surroundings_.give_up(Error::Damaged);
    mark_dirty(map.frame);
    ext2fs_bg_free_blocks_count_set(fs(), group, u32(ext2fs_bg_free_blocks_count(fs(), group) + part));
    ext2fs_free_blocks_count_add(fs()->super, part);
    mark_group(group);
    first += part;
    count -= part;
  }
}

u64 Volume::goal_of(Node node, const ext2_inode*) {
  u32 group = (node - 1) / fs()->super->s_inodes_per_group;
  return ext2fs_group_first_block2(fs(), std::min(group, fs()->group_desc_count - 1));
}

/// A free node, directories of which are spread a little.
errcode_t Volume::new_node(Node near, u32 mode, Node& node) {
  u32 groups = fs()->group_desc_count, start = (near - 1) / fs()->super->s_inodes_per_group % groups,
      per_group = fs()->super->s_inodes_per_group;
  if (LINUX_S_ISDIR(mode) && near == EXT2_ROOT_INO) {
    u32 best = 0;
    for (u32 group = 0; group < groups && group < 1024; group++) {
      u32 free = ext2fs_bg_free_inodes_count(fs(), group);
      if (free > best && ext2fs_bg_free_blocks_count(fs(), group) != 0) {
        best = free;
        start = group;
      }
    }
  }
  for (u32 step = 0; step < groups; step++) {
    u32 group = (start + step) % groups;
    if (ext2fs_bg_free_inodes_count(fs(), group) == 0) continue;
    GroupMap map;
    if (errcode_t code = node_map(group, map)) return code;
    u64 from = group == 0 ? EXT2_FIRST_INO(fs()->super) - 1 : 0, bit = find_clear(map.bits, from, per_group);
    if (bit >= per_group) continue;
    node = Node(u64{group} * per_group + bit + 1);
    return 0;
  }
  return EXT2_ET_INODE_ALLOC_FAIL;
}

void Volume::set_node_used(Node node, u32 mode) {
  u32 per_group = fs()->super->s_inodes_per_group, group = (node - 1) / per_group, bit = (node - 1) % per_group;
  GroupMap map;
  if (node_map(group, map) != 0 || has_bit(map.bits, bit)) surroundings_.give_up(Error::Damaged);
  set_bit(map.bits, bit);
  mark_dirty(map.frame);
  ext2fs_bg_free_inodes_count_set(fs(), group, ext2fs_bg_free_inodes_count(fs(), group) - 1);
  if (LINUX_S_ISDIR(mode)) ext2fs_bg_used_dirs_count_set(fs(), group, ext2fs_bg_used_dirs_count(fs(), group) + 1);
  if (ext2fs_has_group_desc_csum(fs())) {
    u32 unused = std::min(ext2fs_bg_itable_unused(fs(), group), per_group);
    if (bit >= per_group - unused) ext2fs_bg_itable_unused_set(fs(), group, per_group - bit - 1);
  }
  if (fs()->super->s_free_inodes_count != 0) fs()->super->s_free_inodes_count--;
  mark_group(group);
}

void Volume::set_node_free(Node node, u32 mode) {
  u32 per_group = fs()->super->s_inodes_per_group, group = (node - 1) / per_group, bit = (node - 1) % per_group;
  GroupMap map;
  if (node_map(group, map) != 0 || !has_bit(map.bits, bit)) surroundings_.give_up(Error::Damaged);
  clear_bit(map.bits, bit);
  mark_dirty(map.frame);
  ext2fs_bg_free_inodes_count_set(fs(), group, ext2fs_bg_free_inodes_count(fs(), group) + 1);
  if (u32 directories = ext2fs_bg_used_dirs_count(fs(), group); LINUX_S_ISDIR(mode) && directories != 0)
    ext2fs_bg_used_dirs_count_set(fs(), group, directories - 1);
  fs()->super->s_free_inodes_count++;
  mark_group(group);
}

/// Brings checksums, descriptors of groups and the superblock up to date, in the cache.
errcode_t Volume::write_groups() {
  ext2_filsys fs = this->fs();
  u32 per_block = EXT2_DESC_PER_BLOCK(fs->super);
  u64 group_block = fs->super->s_first_data_block;
  for (u32 group = 0; group < fs->group_desc_count; group++) {
    if (group % 64 == 0 && state_.dirty_groups[group / 64] == 0) {
      group += 63;
      continue;
    }
    if ((state_.dirty_groups[group / 64] >> group % 64 & 1) == 0) continue;
    if (Frame* map = find_frame(ext2fs_block_bitmap_loc(fs, group)); map != nullptr && map->flags & Frame::kDirty)
      ext2fs_block_bitmap_csum_set(fs, group, reinterpret_cast<char*>(bytes_of(map)), int(fs->super->s_blocks_per_group / 8));
    if (Frame* map = find_frame(ext2fs_inode_bitmap_loc(fs, group)); map != nullptr && map->flags & Frame::kDirty)
      ext2fs_inode_bitmap_csum_set(fs, group, reinterpret_cast<char*>(bytes_of(map)), int((fs->super->s_inodes_per_group + 7) / 8));
    ext2fs_group_desc_csum_set(fs, group);
    u32 index = group / per_block;
    bool is_meta = ext2fs_has_feature_meta_bg(fs->super) && index >= fs->super->s_first_meta_bg;
    u64 place = is_meta ? ext2fs_descriptor_block_loc2(fs, group_block, index) : group_block + 1 + index;
    if (!is_meta && group_block == 0 && state_.block_size == 1024) place++;
    const std::byte* bytes = reinterpret_cast<const std::byte*>(fs->group_desc) + u64{index} * state_.block_size;
    if (errcode_t code = write_bytes(place * state_.block_size, state_.block_size, bytes)) return code;
  }
  for (u64& word : state_.dirty_groups) {
    if (word != 0) word = 0;
  }
  fs->super->s_wtime = u32(fs->now);
  if (errcode_t code = ext2fs_superblock_csum_set(fs, fs->super)) return code;
  errcode_t code;
  Frame* frame = need(SUPERBLOCK_OFFSET / state_.block_size, code);
  if (frame == nullptr) return code;
  memcpy(bytes_of(frame) + SUPERBLOCK_OFFSET % state_.block_size, fs->super, SUPERBLOCK_SIZE);
  mark_dirty(frame);
  return 0;
}

}  // namespace pith::ext4

// ---- What the library takes to be its own ----

using pith::ext4::Volume;

extern "C" {

int ext2fs_bg_has_super(ext2_filsys fs, dgrp_t group) {
  if (group == 0) return 1;
  if (ext2fs_has_feature_sparse_super2(fs->super)) return group == fs->super->s_backup_bgs[0] || group == fs->super->s_backup_bgs[1];
  if (group == 1 || !ext2fs_has_feature_sparse_super(fs->super)) return 1;
  return pith::ext4::is_power_of(group, 3) || pith::ext4::is_power_of(group, 5) || pith::ext4::is_power_of(group, 7);
}

errcode_t ext2fs_alloc_block3(ext2_filsys fs, blk64_t goal, char* buffer, blk64_t* block, struct blk_alloc_ctx*) {
  Volume& volume = Volume::of(fs);
  u64 first, count;
  errcode_t code = volume.find_free(goal, 1, &first, &count);
  if (code == 0) code = volume.take_blocks(first, 1);
  if (code == 0) code = volume.clear_block(first);
  if (code == 0 && buffer != nullptr) memset(buffer, 0, fs->blocksize);
  *block = first;
  return code;
}

errcode_t ext2fs_alloc_block2(ext2_filsys fs, blk64_t goal, char* buffer, blk64_t* block) {
  return ext2fs_alloc_block3(fs, goal, buffer, block, nullptr);
}

errcode_t ext2fs_alloc_block(ext2_filsys fs, blk_t goal, char* buffer, blk_t* block) {
  blk64_t found = 0;
  errcode_t code = ext2fs_alloc_block3(fs, goal, buffer, &found, nullptr);
  *block = blk_t(found);
  return found >> 32 != 0 ? EXT2_ET_BLOCK_ALLOC_FAIL : code;
}

errcode_t ext2fs_new_block2(ext2_filsys fs, blk64_t goal, ext2fs_block_bitmap, blk64_t* block) {
  u64 first = 0, count;
  errcode_t code = Volume::of(fs).find_free(goal, 1, &first, &count);
  *block = first;
  return code;
}

errcode_t ext2fs_new_range(ext2_filsys fs, int flags, blk64_t goal, blk64_t most, ext2fs_block_bitmap, blk64_t* first, blk64_t* count) {
  u64 found, found_count;
  errcode_t code = Volume::of(fs).find_free(goal, most, &found, &found_count);
  if (code != 0) return code;
  if (flags & EXT2_NEWRANGE_FIXED_GOAL && found != goal) return EXT2_ET_BLOCK_ALLOC_FAIL;
  if (flags & EXT2_NEWRANGE_MIN_LENGTH && found_count < most) return EXT2_ET_BLOCK_ALLOC_FAIL;
  *first = found;
  *count = found_count;
  return 0;
}

void ext2fs_block_alloc_stats_range(ext2_filsys fs, blk64_t first, blk_t count, int in_use) {
  Volume& volume = Volume::of(fs);
  if (in_use < 0) return volume.free_blocks(first, count);
  if (volume.take_blocks(first, count) != 0) volume.damaged();
}
void ext2fs_block_alloc_stats2(ext2_filsys fs, blk64_t block, int in_use) { ext2fs_block_alloc_stats_range(fs, block, 1, in_use); }
void ext2fs_block_alloc_stats(ext2_filsys fs, blk_t block, int in_use) { ext2fs_block_alloc_stats_range(fs, block, 1, in_use); }

blk64_t ext2fs_find_inode_goal(ext2_filsys fs, ext2_ino_t node, struct ext2_inode* inode, blk64_t) {
  return Volume::of(fs).goal_of(node, inode);
}

errcode_t ext2fs_zero_blocks2(ext2_filsys fs, blk64_t block, int count, blk64_t*, int*) {
  for (int i = 0; i < count; i++) {
    if (errcode_t code = Volume::of(fs).clear_block(block + blk64_t(i))) return code;
  }
  return 0;
}

errcode_t ext2fs_find_first_zero_generic_bmap(ext2fs_generic_bitmap, __u64, __u64, __u64*) { return ENOENT; }

int ext2fs_is_fast_symlink(struct ext2_inode* inode) {
  return LINUX_S_ISLNK(inode->i_mode) && EXT2_I_SIZE(inode) != 0 && EXT2_I_SIZE(inode) < sizeof inode->i_block;
}

// What no image has that is mounted here, or what nobody calls.
void ext2fs_free(ext2_filsys) {}
void ext2fs_badblocks_list_free(ext2_badblocks_list) {}
void ext2fs_free_block_bitmap(ext2fs_block_bitmap) {}
errcode_t ext2fs_allocate_subcluster_bitmap(ext2_filsys, const char*, ext2fs_block_bitmap*) { return EXT2_ET_UNIMPLEMENTED; }
int ext2fs_mark_generic_bmap(ext2fs_generic_bitmap, __u64) { return 0; }
int ext2fs_test_generic_bmap(ext2fs_generic_bitmap, __u64) { return 1; }
int ext2fs_reserve_super_and_bgd(ext2_filsys, dgrp_t, ext2fs_block_bitmap) { return 0; }
errcode_t ext2fs_read_bb_inode(ext2_filsys, ext2_badblocks_list*) { return EXT2_ET_UNIMPLEMENTED; }
errcode_t ext2fs_get_memalign(unsigned long, unsigned long, void*) { return EXT2_ET_NO_MEMORY; }
errcode_t ext2fs_mmp_start(ext2_filsys) { return EXT2_ET_UNSUPP_FEATURE; }
errcode_t ext2fs_mmp_stop(ext2_filsys) { return 0; }
const struct ext2fs_nls_table* ext2fs_load_nls_table(int) { return nullptr; }
void ext2fs_update_dynamic_rev(ext2_filsys) {}
errcode_t ext2fs_inline_data_expand(ext2_filsys, ext2_ino_t) { return EXT2_ET_UNSUPP_FEATURE; }
errcode_t ext2fs_inline_data_ea_remove(ext2_filsys, ext2_ino_t) { return EXT2_ET_UNSUPP_FEATURE; }
int ext2fs_inline_data_dir_iterate(ext2_filsys, ext2_ino_t, void*) { return 0; }
struct ext2fs_hashmap* ext2fs_hashmap_create(__u32 (*)(const void*, size_t), void (*)(void*), size_t) {
  return nullptr;
}
__u32 ext2fs_djb2_hash(const void*, size_t) { return 0; }
}
