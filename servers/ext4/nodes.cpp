// Nodes of a volume: their attributes, and how they come and go.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

namespace {

constexpr u64 kSecond = 1'000'000'000;

bool has_field(const Inode& inode, u64 end) { return EXT2_GOOD_OLD_INODE_SIZE + u64{inode.i_extra_isize} >= end; }
#define HAS_FIELD(inode, field) has_field(inode, offsetof(Inode, field) + sizeof(inode.field))

i64 time_of(u32 seconds, u32 extra, bool has_extra) {
  i64 whole = i32(seconds);
  if (has_extra) whole += i64(extra & EXT4_EPOCH_MASK) << 32;
  whole = std::min(whole, i64(INT64_MAX / kSecond) - 1);  // the year 2262, as late as nanoseconds can tell
  return whole * i64(kSecond) + (has_extra ? std::min<i64>(extra >> 2, kSecond - 1) : 0);
}

void set_time(u32& seconds, u32* extra, i64 time) {
  i64 whole = time / i64(kSecond), rest = time % i64(kSecond);
  if (rest < 0) {
    whole--;
    rest += kSecond;
  }
  if (extra == nullptr) whole = std::clamp<i64>(whole, INT32_MIN, INT32_MAX);
  seconds = u32(whole);
  if (extra != nullptr) *extra = u32(rest) << 2 | (u32((whole - i32(seconds)) >> 32) & EXT4_EPOCH_MASK);
}

u64 device_of(const Inode& inode) {
  if (inode.i_block[0] != 0) return inode.i_block[0];  // 8 bits each
  return inode.i_block[1];
}

}  // namespace

/// Errors: NotFound when there cannot be such a node, Damaged.
Result<void> Volume::get(u64 node, Inode& inode) {
  if (node != EXT2_ROOT_INO && node < EXT2_FIRST_INO(fs()->super)) return Error::NotFound;
  if (node > fs()->super->s_inodes_count) return Error::NotFound;
  u32 per_group = fs()->super->s_inodes_per_group, group = u32((node - 1) / per_group);
  if (group >= fs()->group_desc_count) return Error::NotFound;
  if (ext2fs_has_group_desc_csum(fs())) {
    u32 unused = std::min(ext2fs_bg_itable_unused(fs(), group), per_group);
    if (ext2fs_bg_flags_test(fs(), group, EXT2_BG_INODE_UNINIT) || (node - 1) % per_group >= per_group - unused) return Error::NotFound;
  }
  memset(&inode, 0, sizeof inode);
  TRY(check(ext2fs_read_inode_full(fs(), Node(node), reinterpret_cast<ext2_inode*>(&inode), sizeof inode)));
  if (inode.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL)) return Error::Damaged;  // not with these features
  return {};
}

Result<void> Volume::get_live(u64 node, Inode& inode) {
  TRY(get(node, inode));
  if (inode.i_mode == 0 || (inode.i_links_count == 0 && find_orphan(node) == nullptr)) return Error::NotFound;
  return {};
}

Result<void> Volume::get_directory(u64 node, Inode& inode) {
  TRY(get_live(node, inode));
  if (!LINUX_S_ISDIR(inode.i_mode)) return Error::WrongType;
  if (inode.i_links_count == 0) return Error::NotFound;
  return {};
}

Result<void> Volume::put(u64 node, Inode& inode) {
  return check(ext2fs_write_inode_full(fs(), Node(node), reinterpret_cast<ext2_inode*>(&inode), sizeof inode));
}

files::Attributes Volume::describe(u64 node, const Inode& inode) {
  files::Attributes is = {};
  is.node = node;
  is.size = EXT2_I_SIZE(&inode);
  ext2_inode plain;
  memcpy(&plain, &inode, sizeof plain);
  is.blocks = ext2fs_inode_i_blocks(fs(), &plain);
  if (inode.i_flags & EXT4_HUGE_FILE_FL) is.blocks *= state_.block_size / 512;
  is.mode = inode.i_mode;
  is.links = inode.i_links_count;
  is.user = inode.i_uid | u32{inode.osd2.linux2.l_i_uid_high} << 16;
  is.group = inode.i_gid | u32{inode.osd2.linux2.l_i_gid_high} << 16;
  if (LINUX_S_ISCHR(inode.i_mode) || LINUX_S_ISBLK(inode.i_mode)) is.device = device_of(inode);
  is.access_time = time_of(inode.i_atime, inode.i_atime_extra, HAS_FIELD(inode, i_atime_extra));
  is.modification_time = time_of(inode.i_mtime, inode.i_mtime_extra, HAS_FIELD(inode, i_mtime_extra));
  is.change_time = time_of(inode.i_ctime, inode.i_ctime_extra, HAS_FIELD(inode, i_ctime_extra));
  is.generation = inode.i_generation;
  return is;
}

void Volume::touch(Inode& inode, u32 which) {
  i64 now = i64(surroundings_.wall_clock());
  if (which & kAccess) set_time(inode.i_atime, HAS_FIELD(inode, i_atime_extra) ? &inode.i_atime_extra : nullptr, now);
  if (which & kModification) set_time(inode.i_mtime, HAS_FIELD(inode, i_mtime_extra) ? &inode.i_mtime_extra : nullptr, now);
  if (which & kChange) set_time(inode.i_ctime, HAS_FIELD(inode, i_ctime_extra) ? &inode.i_ctime_extra : nullptr, now);
  if (which & kBirth && HAS_FIELD(inode, i_crtime_extra)) set_time(inode.i_crtime, &inode.i_crtime_extra, now);
}

void Volume::set_size(Inode& inode, u64 size) { (void)ext2fs_inode_size_set(fs(), reinterpret_cast<ext2_inode*>(&inode), i64(size)); }

u64 Volume::most_bytes(const Inode& inode) const {
  u64 block = state_.block_size, per_block = block / 4;
  if (inode.i_flags & EXT4_EXTENTS_FL) return ((u64{1} << 32) - 2) * block;
  return std::min((12 + per_block + per_block * per_block + per_block * per_block * per_block) * block, ((u64{1} << 32) - 2) * 512);
}

bool Volume::is_held(u64 node) const {
  return std::any_of(std::begin(state_.holds), std::end(state_.holds),
                     [&](const Hold& hold) { return hold.count != 0 && hold.node == node; });
}

/// Contents of it are being read or written.
bool Volume::is_busy(u64 node) const {
  return std::any_of(std::begin(state_.transfers), std::end(state_.transfers),
                     [&](const Transfer& one) { return one.kind != Transfer::Kind::None && one.node == node; });
}

/// Ends the event until nobody reads or writes its contents and all that it has lost is free.
void Volume::wait_for_contents(u64 node) {
  if (is_busy(node)) wait();
  if (const u64* orphan = find_orphan(node); orphan != nullptr && *orphan & kShrinks && (*orphan & kBad) == 0) wait();
}

Result<Information> Volume::information() {
  TRY(begin_call());
  const ext2_super_block* super = fs()->super;
  u32 flags = state_.is_read_only || state_.is_broken ? u32(files::Flag::ReadOnly) : 0;
  return Information{ext2fs_blocks_count(fs()->super),
                     ext2fs_free_blocks_count(fs()->super),
                     super->s_inodes_count,
                     super->s_free_inodes_count,
                     state_.block_size,
                     flags};
}

Result<files::Attributes> Volume::root() {
  TRY(begin_call());
  Inode inode;
  TRY(get_directory(EXT2_ROOT_INO, inode));
  return describe(EXT2_ROOT_INO, inode);
}

Result<files::Attributes> Volume::attributes(u64 node) {
  TRY(begin_call());
  Inode inode;
  TRY(get_live(node, inode));
  return describe(node, inode);
}

Result<files::Attributes> Volume::set_attributes(u64 node, u64 changes, const files::Attributes& to) {
  using Change = files::Change;
  TRY(begin_change());
  if ((changes & ~(Change::Mode | Change::Owner | Change::Size | Change::AccessTime | Change::ModificationTime)) != 0)
    return Error::BadArgument;
  Inode inode;
  TRY(get_live(node, inode));
  touch(inode, kChange);
  if (changes & Change::Mode) inode.i_mode = u16((inode.i_mode & LINUX_S_IFMT) | (to.mode & 07777));
  if (changes & Change::Owner) {
    inode.i_uid = u16(to.user);
    inode.osd2.linux2.l_i_uid_high = u16(to.user >> 16);
    inode.i_gid = u16(to.group);
    inode.osd2.linux2.l_i_gid_high = u16(to.group >> 16);
  }
  if (changes & Change::Size) {
    if (!LINUX_S_ISREG(inode.i_mode)) return Error::WrongType;
    if (to.size > most_bytes(inode)) return Error::BadArgument;
    wait_for_contents(node);
    u64 before = EXT2_I_SIZE(&inode), rest = to.size % state_.block_size;
    touch(inode, kModification);
    set_size(inode, to.size);
    if (to.size < before) {
      TRY(put(node, inode));
      if (rest != 0) {
        Extent last = TRY(map(node, inode, to.size / state_.block_size, 1));
        if (last.physical != 0 && !last.is_unwritten) {  // what is read behind the end, should it grow again, are zeroes
          Transfer* transfer = new_transfer(Transfer::Kind::Clear, node);
          transfer->offset = to.size;
          transfer->length = state_.block_size - rest;
        }
      }
      bool is_all = TRY(take_away_some(node, inode, (to.size + state_.block_size - 1) / state_.block_size));
      if (!is_all && find_orphan(node) == nullptr) TRY(add_orphan(node, inode));
    }
  }
  if (changes & Change::AccessTime)
    set_time(inode.i_atime, HAS_FIELD(inode, i_atime_extra) ? &inode.i_atime_extra : nullptr, to.access_time);
  if (changes & Change::ModificationTime)
    set_time(inode.i_mtime, HAS_FIELD(inode, i_mtime_extra) ? &inode.i_mtime_extra : nullptr, to.modification_time);
  TRY(put(node, inode));
  end_change();
  return describe(node, inode);
}

/// A node without a name, near to its parent.
Result<Node> Volume::make_node(u64 parent, u32 mode, u64 owner, u64 device, Inode& inode) {
  Node node;
  TRY(check(new_node(Node(parent), mode, node)));
  set_node_used(node, mode);
  u32 size = EXT2_INODE_SIZE(fs()->super);
  auto* whole = static_cast<ext2_inode*>(pith_ext4_calloc(1, std::max<usize>(size, sizeof(Inode))));
  if (whole == nullptr) return Error::NoMemory;
  memset(&inode, 0, sizeof inode);
  if (size > EXT2_GOOD_OLD_INODE_SIZE) {
    u32 wanted = std::max<u32>(fs()->super->s_want_extra_isize, fs()->super->s_min_extra_isize);
    inode.i_extra_isize = u16(std::min<u32>(wanted != 0 ? wanted : 32, sizeof(Inode) - EXT2_GOOD_OLD_INODE_SIZE) & ~3u);
  }
  inode.i_mode = u16(mode);
  inode.i_uid = u16(owner);
  inode.osd2.linux2.l_i_uid_high = u16(owner >> 16);
  inode.i_gid = u16(owner >> 32);
  inode.osd2.linux2.l_i_gid_high = u16(owner >> 48);
  inode.i_links_count = 1;
  state_.generation = state_.generation * 0x5851f42d4c957f2d + 1442695040888963407 + surroundings_.wall_clock();
  inode.i_generation = u32(state_.generation >> 32);
  touch(inode, kAccess | kModification | kChange | kBirth);
  if (LINUX_S_ISCHR(mode) || LINUX_S_ISBLK(mode)) {
    u64 major = (device >> 8 & 0xfff), minor = (device & 0xff) | (device >> 12 & 0xfff00);
    if (major < 256 && minor < 256) {
      inode.i_block[0] = u32(major << 8 | minor);
    } else {
      inode.i_block[1] = u32(device);
    }
  } else if ((LINUX_S_ISREG(mode) || LINUX_S_ISDIR(mode) || LINUX_S_ISLNK(mode)) && ext2fs_has_feature_extents(fs()->super)) {
    inode.i_flags |= EXT4_EXTENTS_FL;
    auto* header = reinterpret_cast<ext3_extent_header*>(inode.i_block);
    header->eh_magic = EXT3_EXT_MAGIC;
    header->eh_max = (sizeof inode.i_block - sizeof(ext3_extent_header)) / sizeof(ext3_extent);
  }
  memcpy(whole, &inode, std::min<usize>(size, sizeof inode));
  TRY(check(ext2fs_write_inode_full(fs(), node, whole, int(size))));
  pith_ext4_free(whole);
  return node;
}

Result<void> Volume::hold(u32 session, u64 node) {
  TRY(begin_call());
  Inode inode;
  TRY(get_live(node, inode));
  Hold* free = nullptr;
  for (Hold& hold : state_.holds) {
    if (hold.count != 0 && hold.node == node && hold.session == session) {
      if (hold.count == ~u32{0}) return Error::Limit;
      hold.count++;
      return {};
    }
    if (hold.count == 0 && free == nullptr) free = &hold;
  }
  if (free == nullptr) return Error::Limit;
  *free = {node, session, 1};
  return {};
}

Result<void> Volume::release(u32 session, u64 node) {
  TRY(begin_call());
  for (Hold& hold : state_.holds) {
    if (hold.count == 0 || hold.node != node || hold.session != session) continue;
    hold.count--;
    return {};
  }
  return Error::NotFound;
}

}  // namespace pith::ext4
