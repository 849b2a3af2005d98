// The hashed index of large directories: finding by it, which also shows that the library may go along it, and making one.
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

constexpr u32 kRootOffset = 24;   // of the index's information in a directory's first block
constexpr u32 kRootEntries = 32;  // its entries
constexpr u32 kNodeEntries = 8;   // and in other blocks
constexpr u32 kMostLevels = 3;

struct Entry {
  u32 hash, block;
};
struct CountLimit {
  u16 limit, count;
};
struct RootInformation {
  u32 reserved;
  u8 hash_version, length, levels, flags;
};

}  // namespace

/// Errors: NotFound; NotSupported when it has to be looked for without the index; Damaged.
Result<Node> Volume::find_in_index(u64 directory, Inode& inode, std::string_view name) {
  u32 tail = ext2fs_has_feature_metadata_csum(fs()->super) ? 8 : 0;
  auto* bytes = static_cast<char*>(pith_ext4_calloc(1, state_.block_size));
  if (bytes == nullptr) return Error::NoMemory;
  auto load = [&](u64 block) -> Result<void> {
    Extent place = TRY(map(directory, inode, block, 1));
    if (place.physical == 0 || place.is_unwritten) return Error::Damaged;
    return check(ext2fs_read_dir_block4(fs(), place.physical, bytes, 0, Node(directory)));
  };
  TRY(load(0));
  RootInformation root;
  memcpy(&root, bytes + kRootOffset, sizeof root);
  if (root.length != 8 || root.reserved != 0 || root.levels >= kMostLevels) return Error::Damaged;
  u32 version = root.hash_version, hash, minor;
  if (version > EXT2_HASH_TEA) return Error::NotSupported;
  if (fs()->super->s_flags & EXT2_FLAGS_UNSIGNED_HASH) version += 3;
  TRY(check(ext2fs_dirhash2(int(version), name.data(), int(name.size()), nullptr, 0, fs()->super->s_hash_seed, &hash, &minor)));
  u64 block = 0;
  bool may_continue = false;  // names of the same hash may be in the next block, too
  for (u32 level = 0; level <= root.levels; level++) {
    u32 offset = level == 0 ? kRootEntries : kNodeEntries;
    CountLimit head;
    memcpy(&head, bytes + offset, sizeof head);
    if (head.limit != (state_.block_size - offset - tail) / sizeof(Entry) || head.count == 0 || head.count > head.limit)
      return Error::Damaged;
    u32 low = 1, high = head.count;  // the first one whose hash is larger
    Entry entry;
    while (low < high) {
      u32 middle = (low + high) / 2;
      memcpy(&entry, bytes + offset + middle * sizeof entry, sizeof entry);
      if (entry.hash > hash) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    if (low < head.count) {
      memcpy(&entry, bytes + offset + low * sizeof entry, sizeof entry);
      may_continue |= (entry.hash & 1) != 0 && (entry.hash & ~1u) == (hash & ~1u);
    } else if (level > 0) {
      may_continue = true;  // what follows is not looked at
    }
    memcpy(&entry, bytes + offset + (low - 1) * sizeof entry, sizeof entry);
    block = entry.block & 0x0fffffff;
    if (block == 0) return Error::Damaged;
    TRY(load(block));
  }
  for (u32 offset = 0; offset + 8 <= state_.block_size;) {
    auto* entry = reinterpret_cast<ext2_dir_entry*>(bytes + offset);
    unsigned step, length = unsigned(ext2fs_dirent_name_len(entry));
    TRY(check(ext2fs_get_rec_len(fs(), entry, &step)));
    if (step < 8 || step % 4 != 0 || offset + step > state_.block_size || length + 8 > step) return Error::Damaged;
    if (entry->inode != 0 && std::string_view(entry->name, length) == name) {
      if (entry->inode > fs()->super->s_inodes_count) return Error::Damaged;
      return Node(entry->inode);
    }
    offset += step;
  }
  if (may_continue) {
    Node node = 0;
    TRY(check(ext2fs_lookup(fs(), Node(directory), name.data(), int(name.size()), nullptr, &node)));
    return node;
  }
  return Error::NotFound;
}

/// A directory that has got its second block, which is empty: all names but the first two go there, and an index into the first one.
Result<void> Volume::make_index(u64 directory, Inode& inode, u64 second) {
  u32 tail = ext2fs_has_feature_metadata_csum(fs()->super) ? sizeof(ext2_dir_entry_tail) : 0, end = state_.block_size - tail;
  if (fs()->super->s_def_hash_version > EXT2_HASH_TEA) return {};
  Extent first = TRY(map(directory, inode, 0, 1));
  if (first.physical == 0) return Error::Damaged;
  auto* from = static_cast<char*>(pith_ext4_calloc(1, state_.block_size));
  auto* to = static_cast<char*>(pith_ext4_calloc(1, state_.block_size));
  if (from == nullptr || to == nullptr) return Error::NoMemory;
  TRY(check(ext2fs_read_dir_block4(fs(), first.physical, from, 0, Node(directory))));
  u32 offset = 0, used = 0, index = 0;
  ext2_dir_entry* last = nullptr;
  while (offset + 8 <= end) {
    auto* entry = reinterpret_cast<ext2_dir_entry*>(from + offset);
    unsigned step, length = unsigned(ext2fs_dirent_name_len(entry));
    TRY(check(ext2fs_get_rec_len(fs(), entry, &step)));
    if (step < 8 || step % 4 != 0 || offset + step > state_.block_size || length + 8 > step) return Error::Damaged;
    if (index < 2) {
      std::string_view wanted = index == 0 ? "." : "..";
      if (entry->inode == 0 || std::string_view(entry->name, length) != wanted) return Error::Damaged;
      if (index == 1 && offset != 12) return {};  // it goes without
    } else if (entry->inode != 0 && length != 0) {
      u32 size = (length + 8 + 3) & ~3u;
      last = reinterpret_cast<ext2_dir_entry*>(to + used);
      memcpy(last, entry, length + 8);
      TRY(check(ext2fs_set_rec_len(fs(), size, last)));
      used += size;
    }
    index++;
    offset += step;
  }
  if (last == nullptr) return {};
  TRY(check(ext2fs_set_rec_len(fs(), end - u32(reinterpret_cast<char*>(last) - to), last)));
  if (tail != 0) ext2fs_initialize_dirent_tail(fs(), EXT2_DIRENT_TAIL(to, state_.block_size));
  TRY(check(ext2fs_write_dir_block4(fs(), second, to, 0, Node(directory))));
  memset(from + kRootOffset, 0, state_.block_size - kRootOffset);
  TRY(check(ext2fs_set_rec_len(fs(), state_.block_size - 12, reinterpret_cast<ext2_dir_entry*>(from + 12))));
  RootInformation root = {0, fs()->super->s_def_hash_version, 8, 0, 0};
  memcpy(from + kRootOffset, &root, sizeof root);
  CountLimit head = {u16((state_.block_size - kRootEntries - (tail != 0 ? 8 : 0)) / sizeof(Entry)), 1};
  u32 leaf = 1;
  memcpy(from + kRootEntries, &head, sizeof head);
  memcpy(from + kRootEntries + 4, &leaf, sizeof leaf);
  TRY(check(ext2fs_write_dir_block4(fs(), first.physical, from, 0, Node(directory))));
  inode.i_flags |= EXT2_INDEX_FL;
  return put(directory, inode);
}

}  // namespace pith::ext4
