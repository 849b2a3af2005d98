// Directories of a volume: names are found, made, changed and taken away.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

constexpr u32 kMostLinks = 65000;

/// By the type that a directory knows.
constexpr u32 kModes[] = {0, LINUX_S_IFREG, LINUX_S_IFDIR, LINUX_S_IFCHR, LINUX_S_IFBLK, LINUX_S_IFIFO, LINUX_S_IFSOCK, LINUX_S_IFLNK};

u32 mode_of(u32 type) { return type < std::size(kModes) ? kModes[type] : 0; }

/// 0: there is no such type.
u32 type_of(u32 mode) {
  const u32* found = std::find(std::begin(kModes), std::end(kModes), mode & LINUX_S_IFMT);
  return found == std::end(kModes) ? 0 : u32(found - kModes);
}

/// A name with its end, as the library wants it.
struct Terminated {
  char text[256];
  explicit Terminated(std::string_view name) {
    memcpy(text, name.data(), name.size());
    text[name.size()] = 0;
  }
};

struct Replacement {
  std::string_view name;
  u32 node, type;
  bool is_done;
};

int replace(ext2_ino_t, int, ext2_dir_entry* entry, int, int, char*, void* context) {
  auto& what = *static_cast<Replacement*>(context);
  if (entry->inode == 0 || std::string_view(entry->name, size_t(ext2fs_dirent_name_len(entry))) != what.name) return 0;
  entry->inode = what.node;
  ext2fs_dirent_set_file_type(entry, int(what.type));
  what.is_done = true;
  return DIRENT_CHANGED | DIRENT_ABORT;
}

int find_other(ext2_ino_t, int, ext2_dir_entry* entry, int, int, char*, void* context) {
  std::string_view name(entry->name, size_t(ext2fs_dirent_name_len(entry)));
  if (entry->inode == 0 || name == "." || name == "..") return 0;
  *static_cast<bool*>(context) = true;
  return DIRENT_ABORT;
}

}  // namespace

Result<void> Volume::check_name(std::string_view name) {
  if (name.empty() || name.size() > EXT2_NAME_LEN || name == "." || name == "..") return Error::BadArgument;
  if (name.find('/') != name.npos || name.find('\0') != name.npos) return Error::BadArgument;
  return {};
}

Result<Node> Volume::find_name(u64 directory, const Inode& inode, std::string_view name) {
  if (inode.i_flags & EXT2_INDEX_FL && name != "." && name != "..") {
    Inode copy = inode;
    Result<Node> found = find_in_index(directory, copy, name);
    if (found || found.error() == Error::NotFound) return found;  // else it is looked for one by one
  }
  Node node = 0;
  TRY(check(ext2fs_lookup(fs(), Node(directory), name.data(), int(name.size()), nullptr, &node)));
  if (node == 0 || node > fs()->super->s_inodes_count) return Error::Damaged;
  return node;
}

Result<void> Volume::add_name(u64 directory, std::string_view name, u64 node, u32 mode) {
  Terminated text(name);
  int type = ext2fs_has_feature_filetype(fs()->super) ? int(type_of(mode)) : 0;
  Inode inode;
  TRY(get(directory, inode));
  if (inode.i_flags & EXT2_INDEX_FL) {
    Result<Node> found = find_in_index(directory, inode, name);
    if (found) return Error::AlreadyExists;
    if (found.error() != Error::NotFound) return found.error();
  }
  errcode_t code = ext2fs_link(fs(), Node(directory), text.text, Node(node), type);
  if (code == EXT2_ET_DIR_NO_SPACE && (inode.i_flags & EXT2_INDEX_FL) == 0) {
    TRY(grow_directory(directory, inode));
    code = ext2fs_link(fs(), Node(directory), text.text, Node(node), type);
  }
  TRY(check(code));
  TRY(get(directory, inode));
  touch(inode, kModification | kChange);
  return put(directory, inode);
}

Result<void> Volume::remove_name(u64 directory, std::string_view name) {
  Terminated text(name);
  TRY(check(ext2fs_unlink(fs(), Node(directory), text.text, 0, 0)));
  Inode inode;
  TRY(get(directory, inode));
  touch(inode, kModification | kChange);
  return put(directory, inode);
}

Result<void> Volume::replace_entry(u64 directory, std::string_view name, u64 node, u32 mode) {
  Replacement what = {name, u32(node), ext2fs_has_feature_filetype(fs()->super) ? type_of(mode) : 0, false};
  TRY(check(ext2fs_dir_iterate2(fs(), Node(directory), 0, nullptr, replace, &what)));
  if (!what.is_done) return Error::Damaged;
  Inode inode;
  TRY(get(directory, inode));
  touch(inode, kModification | kChange);
  return put(directory, inode);
}

Result<bool> Volume::is_empty(u64 directory) {
  bool has_other = false;
  TRY(check(ext2fs_dir_iterate2(fs(), Node(directory), 0, nullptr, find_other, &has_other)));
  return !has_other;
}

/// Whether the way up from `directory` comes by `ancestor`.
Result<bool> Volume::is_below(u64 directory, u64 ancestor) {
  for (u32 steps = 0; steps < 4096; steps++) {
    if (directory == ancestor) return true;
    if (directory == EXT2_ROOT_INO) return false;
    Node parent;
    TRY(check(ext2fs_lookup(fs(), Node(directory), "..", 2, nullptr, &parent)));
    if (parent == directory) return Error::Damaged;
    directory = parent;
  }
  return Error::Damaged;
}

/// A directory more or less below of this one.
Result<void> Volume::count_directory(u64 parent, i32 difference) {
  Inode inode;
  TRY(get(parent, inode));
  bool has_lost_count = inode.i_links_count == 1;  // there were too many
  if (has_lost_count && ext2fs_has_feature_dir_nlink(fs()->super)) return {};
  if (inode.i_links_count < 2) return Error::Damaged;
  if (difference > 0 && inode.i_links_count >= kMostLinks) {
    if (!ext2fs_has_feature_dir_nlink(fs()->super)) return Error::Limit;
    inode.i_links_count = 1;
  } else {
    inode.i_links_count = u16(std::max(i32{inode.i_links_count} + difference, 2));
  }
  return put(parent, inode);
}

Result<void> Volume::grow_directory(u64 directory, Inode& inode) {
  u64 size = EXT2_I_SIZE(&inode), block = size / state_.block_size;
  if (size % state_.block_size != 0 || block >= (u64{1} << 31) / state_.block_size) return Error::NoSpace;
  bool is_fresh[2];
  TRY(fill(directory, inode, block, 1, Fill::Written, is_fresh[0], is_fresh[1]));
  Extent place = TRY(map(directory, inode, block, 1));
  char* bytes;
  TRY(check(ext2fs_new_dir_block(fs(), 0, 0, &bytes)));
  TRY(check(ext2fs_write_dir_block4(fs(), place.physical, bytes, 0, Node(directory))));
  pith_ext4_free(bytes);
  set_size(inode, size + state_.block_size);
  TRY(put(directory, inode));
  bool may_have_index = ext2fs_has_feature_dir_index(fs()->super) != 0;
  if (block == 1 && may_have_index) return make_index(directory, inode, place.physical);
  return {};
}

/// The names "." and "..".
Result<void> Volume::write_first_block(u64 directory, u64 parent, Inode& inode) {
  bool is_fresh[2];
  TRY(fill(directory, inode, 0, 1, Fill::Written, is_fresh[0], is_fresh[1]));
  Extent place = TRY(map(directory, inode, 0, 1));
  char* bytes;
  TRY(check(ext2fs_new_dir_block(fs(), Node(directory), Node(parent), &bytes)));
  TRY(check(ext2fs_write_dir_block4(fs(), place.physical, bytes, 0, Node(directory))));
  pith_ext4_free(bytes);
  set_size(inode, state_.block_size);
  inode.i_links_count = 2;
  return put(directory, inode);
}

Result<files::Attributes> Volume::lookup(u64 directory, std::string_view name) {
  TRY(begin_call());
  if (name.empty() || name.size() > EXT2_NAME_LEN) return Error::BadArgument;
  Inode inode;
  TRY(get_directory(directory, inode));
  Node node = TRY(find_name(directory, inode, name));
  Result<void> got = get(node, inode);
  if (!got) return got.error() == Error::NotFound ? Error::Damaged : got.error();
  return describe(node, inode);
}

Result<files::Attributes> Volume::create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name) {
  TRY(begin_change());
  TRY(check_name(name));
  if ((mode & ~u32{LINUX_S_IFMT | 07777}) != 0 || type_of(mode) == 0 || LINUX_S_ISLNK(mode)) return Error::BadArgument;
  Inode parent, inode;
  TRY(get_directory(directory, parent));
  if (Result<Node> found = find_name(directory, parent, name); found || found.error() != Error::NotFound)
    return found ? Error::AlreadyExists : found.error();
  Node node = TRY(make_node(directory, mode, owner, device, inode));
  if (LINUX_S_ISDIR(mode)) {
    TRY(write_first_block(node, directory, inode));
    TRY(count_directory(directory, 1));
  }
  TRY(add_name(directory, name, node, mode));
  TRY(get(node, inode));
  end_change();
  return describe(node, inode);
}

Result<files::Attributes> Volume::link(u64 directory, u64 node, std::string_view name) {
  TRY(begin_change());
  TRY(check_name(name));
  Inode parent, inode;
  TRY(get_directory(directory, parent));
  TRY(get_live(node, inode));
  if (LINUX_S_ISDIR(inode.i_mode)) return Error::WrongType;
  if (inode.i_links_count == 0) return Error::NotFound;
  if (inode.i_links_count >= kMostLinks) return Error::Limit;
  if (Result<Node> found = find_name(directory, parent, name); found || found.error() != Error::NotFound)
    return found ? Error::AlreadyExists : found.error();
  inode.i_links_count++;
  touch(inode, kChange);
  TRY(put(node, inode));
  TRY(add_name(directory, name, node, inode.i_mode));
  end_change();
  return describe(node, inode);
}

Result<files::Attributes> Volume::symlink(u64 directory, u64 owner, std::string_view text, std::string_view name) {
  TRY(begin_change());
  TRY(check_name(name));
  if (text.empty() || text.size() >= 4096 || text.size() >= state_.block_size || text.find('\0') != text.npos) return Error::BadArgument;
  Inode parent, inode;
  TRY(get_directory(directory, parent));
  if (Result<Node> found = find_name(directory, parent, name); found || found.error() != Error::NotFound)
    return found ? Error::AlreadyExists : found.error();
  Node node = TRY(make_node(directory, LINUX_S_IFLNK | 0777, owner, 0, inode));
  if (text.size() < sizeof inode.i_block) {
    inode.i_flags &= ~u32{EXT4_EXTENTS_FL};
    memset(inode.i_block, 0, sizeof inode.i_block);
    memcpy(inode.i_block, text.data(), text.size());
  } else {
    bool is_fresh[2];
    TRY(fill(node, inode, 0, 1, Fill::Written, is_fresh[0], is_fresh[1]));
    Extent place = TRY(map(node, inode, 0, 1));
    auto* bytes = static_cast<char*>(pith_ext4_calloc(1, state_.block_size));
    if (bytes == nullptr) return Error::NoMemory;
    memcpy(bytes, text.data(), text.size());
    TRY(check(write_bytes(place.physical * state_.block_size, state_.block_size, bytes)));
    pith_ext4_free(bytes);
  }
  set_size(inode, text.size());
  TRY(put(node, inode));
  TRY(add_name(directory, name, node, LINUX_S_IFLNK));
  end_change();
  return describe(node, inode);
}

Result<u64> Volume::read_link(u64 node, std::span<std::byte> to) {
  TRY(begin_call());
  Inode inode;
  TRY(get_live(node, inode));
  if (!LINUX_S_ISLNK(inode.i_mode)) return Error::WrongType;
  u64 size = EXT2_I_SIZE(&inode);
  if (size >= 4096 || size == 0) return Error::Damaged;
  if (size > to.size()) return Error::BadArgument;
  if (ext2fs_is_fast_symlink(reinterpret_cast<ext2_inode*>(&inode))) {
    if (size >= sizeof inode.i_block) return Error::Damaged;
    memcpy(to.data(), inode.i_block, size);
    return size;
  }
  u64 done = 0;
  while (done < size) {
    Extent place = TRY(map(node, inode, done / state_.block_size, 1));
    if (place.physical == 0 || place.is_unwritten) return Error::Damaged;
    u64 part = std::min<u64>(size - done, state_.block_size);
    TRY(check(read_bytes(place.physical * state_.block_size, part, to.data() + done)));
    done += part;
  }
  return size;
}

Result<void> Volume::remove(u64 directory, Kind kind, std::string_view name) {
  TRY(begin_change());
  TRY(check_name(name));
  Inode parent, inode;
  TRY(get_directory(directory, parent));
  Node node = TRY(find_name(directory, parent, name));
  TRY(get_live(node, inode));
  bool is_directory = LINUX_S_ISDIR(inode.i_mode);
  if (is_directory != (kind == Kind::Directory)) return Error::WrongType;
  if (is_directory) {
    if (node == EXT2_ROOT_INO || node == directory) return Error::Damaged;
    if (!TRY(is_empty(node))) return Error::Busy;
  }
  TRY(remove_name(directory, name));
  TRY(drop_link(node, inode));
  if (is_directory) TRY(count_directory(directory, -1));
  end_change();
  return {};
}

Result<void> Volume::rename(u64 from, std::string_view old_name, u64 to, std::string_view new_name, Rename how) {
  TRY(begin_change());
  TRY(check_name(old_name));
  TRY(check_name(new_name));
  Inode old_parent, new_parent, inode, other;
  TRY(get_directory(from, old_parent));
  TRY(get_directory(to, new_parent));
  Node node = TRY(find_name(from, old_parent, old_name)), replaced = 0;
  TRY(get_live(node, inode));
  if (Result<Node> found = find_name(to, new_parent, new_name)) {
    replaced = *found;
  } else if (found.error() != Error::NotFound) {
    return found.error();
  }
  bool is_directory = LINUX_S_ISDIR(inode.i_mode), is_other_directory = false;
  if (replaced != 0) {
    if (how == Rename::NoReplace) return Error::AlreadyExists;
    if (replaced == node) return {};
    TRY(get_live(replaced, other));
    is_other_directory = LINUX_S_ISDIR(other.i_mode);
  } else if (how == Rename::Exchange) {
    return Error::NotFound;
  }
  if (from != to && is_directory && TRY(is_below(to, node))) return Error::BadArgument;
  if (how == Rename::Exchange) {
    if (from != to && is_other_directory && TRY(is_below(from, replaced))) return Error::BadArgument;
    TRY(replace_entry(to, new_name, node, inode.i_mode));
    TRY(replace_entry(from, old_name, replaced, other.i_mode));
    if (from != to) {
      if (is_directory) TRY(replace_entry(node, "..", to, LINUX_S_IFDIR));
      if (is_other_directory) TRY(replace_entry(replaced, "..", from, LINUX_S_IFDIR));
      if (is_directory && !is_other_directory) {
        TRY(count_directory(from, -1));
        TRY(count_directory(to, 1));
      } else if (is_other_directory && !is_directory) {
        TRY(count_directory(to, -1));
        TRY(count_directory(from, 1));
      }
    }
    TRY(get(replaced, other));
    touch(other, kChange);
    TRY(put(replaced, other));
  } else if (replaced != 0) {
    if (is_directory != is_other_directory) return Error::WrongType;
    if (is_directory && !TRY(is_empty(replaced))) return Error::Busy;
    TRY(replace_entry(to, new_name, node, inode.i_mode));
    TRY(remove_name(from, old_name));
    TRY(drop_link(replaced, other));
    if (is_directory) TRY(count_directory(from, -1));
    if (is_directory && from != to) TRY(replace_entry(node, "..", to, LINUX_S_IFDIR));
  } else {
    TRY(add_name(to, new_name, node, inode.i_mode));
    TRY(remove_name(from, old_name));
    if (is_directory && from != to) {
      TRY(count_directory(from, -1));
      TRY(count_directory(to, 1));
      TRY(replace_entry(node, "..", to, LINUX_S_IFDIR));
    }
  }
  TRY(get(node, inode));
  touch(inode, kChange);
  TRY(put(node, inode));
  end_change();
  return {};
}

/// A cookie is a place in the directory's bytes.
Result<Volume::Listed> Volume::list(u64 directory, u64 cookie, std::span<std::byte> to) {
  TRY(begin_call());
  Inode inode;
  TRY(get_directory(directory, inode));
  u64 size = EXT2_I_SIZE(&inode), length = 0;
  if (to.size() < sizeof(files::Entry) + 256) return Error::BadArgument;
  auto* bytes = static_cast<char*>(pith_ext4_calloc(1, state_.block_size));
  if (bytes == nullptr) return Error::NoMemory;
  for (u64 block = cookie / state_.block_size; block < size / state_.block_size; block++) {
    Extent place = TRY(map(directory, inode, block, 1));
    if (place.physical == 0) {
      cookie = (block + 1) * state_.block_size;
      continue;
    }
    TRY(check(ext2fs_read_dir_block4(fs(), place.physical, bytes, 0, Node(directory))));
    for (u32 offset = 0; offset + 8 <= state_.block_size;) {
      auto* entry = reinterpret_cast<ext2_dir_entry*>(bytes + offset);
      unsigned step, name_length = unsigned(ext2fs_dirent_name_len(entry));
      TRY(check(ext2fs_get_rec_len(fs(), entry, &step)));
      if (step < 8 || step % 4 != 0 || offset + step > state_.block_size || name_length + 8 > step) return Error::Damaged;
      u64 position = block * state_.block_size + offset;
      offset += step;
      if (position < cookie || entry->inode == 0 || name_length == 0) continue;
      u64 whole = (sizeof(files::Entry) + name_length + 7) / 8 * 8;
      if (length + whole > to.size() || length > 65536) return Listed{length, position};
      u32 mode = ext2fs_has_feature_filetype(fs()->super) ? mode_of(u32(ext2fs_dirent_file_type(entry))) : 0;
      files::Entry told = {entry->inode, position + step, mode, name_length};
      memset(to.data() + length, 0, whole);
      memcpy(to.data() + length, &told, sizeof told);
      memcpy(to.data() + length + sizeof told, entry->name, name_length);
      length += whole;
    }
    cookie = (block + 1) * state_.block_size;
  }
  return Listed{length, std::max(cookie, size)};
}

}  // namespace pith::ext4
