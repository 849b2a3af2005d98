// Files and directories by number. A number says where the entry lies; one that has moved since, and is still known, keeps its number, and
// whatever comes to its old place gets another one.
#include <cstring>

#include "servers/fat/directory.h"

namespace pith::fat {

namespace {

constexpr u64 kRootNumber = 1, kFirstNumber = 2, kOtherNumber = u64{1} << 48;
constexpr u32 kDirectoryType = 0040000, kFileType = 0100000;

}  // namespace

/// Of every method: it can be served.
void Volume::begin_call() {
  if (state_.mount == Mount::Failed) surroundings_.give_up(state_.mount_error);
  if (is_settling_ || state_.mount != Mount::Ready) surroundings_.wait();
}

/// Of every method that changes something.
void Volume::begin_change() {
  begin_call();
  if (client_.is_read_only()) surroundings_.give_up(Error::Denied);
  if (state_.is_broken != 0) surroundings_.give_up(Error::Damaged);
  bool is_full = state_.changed_frames > kManyChanged || state_.freed_count > kFrees / 2;
  if (is_full) wants_round_ = true;
  if (is_full || state_.stage != Stage::None) surroundings_.wait();
}

Result<u32> Volume::find_node(u64 number) {
  begin_call();
  u32 found = state_.node_by_number.find(number, [&](u32 place) { return state_.nodes[place].number == number; });
  if (found == 0) return Error::NotFound;
  return found - 1;
}

/// Its place; a node that is none is refused.
Result<u32> Volume::find_directory(u64 number) {
  u32 place = TRY(find_node(number));
  const Node& node = state_.nodes[place];
  if (!node.is_directory()) return Error::WrongType;
  if ((node.flags & Node::kRoot) == 0 && !state_.geometry.is_cluster(node.first())) return Error::Damaged;
  return place;
}

Node* Volume::node_at(u64 position) {
  u32 found = state_.node_by_position.find(position, [&](u32 place) { return state_.nodes[place].position == position; });
  return found == 0 ? nullptr : &state_.nodes[found - 1];
}

u64 Volume::number_at(u64 position) {
  const Node* known = node_at(position);
  return known != nullptr ? known->number : position + kFirstNumber;
}

/// The node of an entry. Errors: Limit when all places are held.
Result<u32> Volume::node_for(const DirectoryEntry& entry, u64 position) {
  if (Node* known = node_at(position)) return u32(known - state_.nodes);
  for (u32 i = 0; i < kNodes; i++) {
    state_.node_hand = (state_.node_hand + 1) % kNodes;
    u32 place = state_.node_hand;
    Node& node = state_.nodes[place];
    if ((node.flags & Node::kUsed) != 0) {
      if ((node.flags & Node::kRoot) != 0 || is_busy(node) || is_incomplete(node) || node.position == kNowhere) continue;
      state_.node_by_number.remove(node.number, place);
      state_.node_by_position.remove(node.position, place);
    }
    u64 number = position + kFirstNumber;
    auto has_number = [&](u32 other) { return state_.nodes[other].number == number; };
    while (state_.node_by_number.find(number, has_number) != 0) number += kOtherNumber;
    node = {};
    node.number = number;
    node.position = position;
    node.generation = ++state_.generations;
    node.entry = entry;
    if (entry.is_directory()) node.entry.size = 0;
    node.valid = node.entry.size;
    node.allocated = clusters_of(node.valid);
    node.flags = Node::kUsed;
    state_.node_by_number.add(number, place);
    state_.node_by_position.add(position, place);
    return place;
  }
  return Error::Limit;
}

/// Writes what is known of a node to its entry. A file without content has no cluster there: what it was given already is for it alone to
/// know.
void Volume::put_back(Node& node) {
  if (node.position == kNowhere || (node.flags & Node::kRoot) != 0) return;
  DirectoryEntry entry = node.entry;
  if (!node.is_directory() && entry.size == 0) entry.first_high = entry.first_low = 0;
  entry_at(node.position) = entry;
}

void Volume::set_first(Node& node, u32 cluster) {
  node.entry.first_high = u16(cluster >> 16);
  node.entry.first_low = u16(cluster);
  node.hint_cluster = node.last_cluster = 0;
}

/// Content or names have changed.
void Volume::touch(Node& node) {
  Stamp now = stamp_of(i64(surroundings_.wall_clock()));
  node.entry.modified_date = now.date;
  node.entry.modified_time = now.time;
  node.entry.accessed_date = now.date;
  if (!node.is_directory()) node.entry.attributes |= DirectoryEntry::kArchive;
}

/// Gives a node without a name that nobody uses back. Without room for its chain the next round does so.
void Volume::drop_if_unused(Node& node) {
  if (node.position != kNowhere || is_busy(node) || state_.freed_count > kFrees - 8) return;
  free_chain(node.first(), node.is_directory() ? Kind::Directory : Kind::File);
  state_.node_by_number.remove(node.number, u32(&node - state_.nodes));
  node = {};
}

void Volume::lose_name(Node& node) {
  state_.node_by_position.remove(node.position, u32(&node - state_.nodes));
  node.position = kNowhere;
  drop_if_unused(node);
}

void Volume::move_name(Node& node, u64 position) {
  state_.node_by_position.remove(node.position, u32(&node - state_.nodes));
  node.position = position;
  state_.node_by_position.add(position, u32(&node - state_.nodes));
}

files::Attributes Volume::describe(const Node& node) {
  files::Attributes result{};
  const DirectoryEntry& entry = node.entry;
  result.node = node.number;
  result.size = node.is_directory() ? state_.geometry.cluster_bytes() : node.size();
  result.blocks = node.is_directory() ? state_.geometry.cluster_sectors : u64{node.allocated} * state_.geometry.cluster_sectors;
  bool is_read_only = (entry.attributes & DirectoryEntry::kReadOnly) != 0 && !node.is_directory();
  result.mode = (node.is_directory() ? kDirectoryType : kFileType) | (is_read_only ? 0555U : 0755U);
  result.links = node.position == kNowhere ? 0 : 1;
  result.access_time = nanoseconds_of({entry.accessed_date, 0, 0});
  result.modification_time = nanoseconds_of({entry.modified_date, entry.modified_time, 0});
  result.change_time = result.modification_time;
  result.generation = node.generation;
  return result;
}

Result<void> Volume::resize(Node& node, u64 size) {
  if (node.is_directory()) return Error::WrongType;
  if (size > kMostSize) return Error::Limit;
  if (node.transfers != 0) surroundings_.wait();
  u32 needed = clusters_of(size);
  if (size > node.size() && needed > node.allocated) {
    u64 promised = needed - node.allocated + promised_to_others(node);
    if (promised > state_.free_clusters) wait_for_space();
    if (promised > state_.free_clusters) return Error::NoSpace;
  }
  node.entry.size = u32(size);
  if (node.valid > size) node.valid = size;
  if (size == 0) {
    free_chain(node.first(), Kind::File);
    set_first(node, 0);
    node.allocated = 0;
    node.flags &= ~Node::kHasExcess;
  } else if (needed < node.allocated) {
    node.flags |= Node::kHasExcess;
  }
  return {};
}

Result<files::Attributes> Volume::root() {
  u32 place = TRY(find_node(kRootNumber));
  return describe(state_.nodes[place]);
}

Result<files::Attributes> Volume::attributes(u64 number) {
  u32 place = TRY(find_node(number));
  return describe(state_.nodes[place]);
}

Result<Information> Volume::information() {
  begin_call();
  const Geometry& where = state_.geometry;
  bool is_read_only = client_.is_read_only() || state_.is_broken != 0;
  return Information{where.end - kFirstCluster, state_.free_clusters, where.cluster_bytes(), is_read_only ? u32(files::Flag::ReadOnly) : 0};
}

Result<files::Attributes> Volume::set_attributes(u64 number, u64 changes, const files::Attributes& to) {
  begin_change();
  u32 place = TRY(find_node(number));
  Node& node = state_.nodes[place];
  using files::Change;
  if (changes >= Change::ModificationTime * 2) return Error::BadArgument;
  if ((changes & Change::Owner) != 0 && (to.user != 0 || to.group != 0)) return Error::Denied;
  if ((changes & Change::Size) != 0) {
    TRY(resize(node, to.size));
    touch(node);
  }
  if ((changes & Change::Mode) != 0 && !node.is_directory()) {
    bool is_writable = (to.mode & 0200) != 0;
    node.entry.attributes =
        u8(is_writable ? node.entry.attributes & ~DirectoryEntry::kReadOnly : node.entry.attributes | DirectoryEntry::kReadOnly);
  }
  if ((changes & Change::AccessTime) != 0) node.entry.accessed_date = stamp_of(to.access_time).date;
  if ((changes & Change::ModificationTime) != 0) {
    Stamp stamp = stamp_of(to.modification_time);
    node.entry.modified_date = stamp.date;
    node.entry.modified_time = stamp.time;
  }
  put_back(node);
  return describe(node);
}

/// What an instance of the client held that is no more.
void Volume::forget_holds(u32 session) {
  for (Hold& hold : state_.holds) {
    if (hold.count == 0 || hold.session != session) continue;
    Node& node = state_.nodes[hold.node];
    node.holds -= hold.count;
    hold = {};
    drop_if_unused(node);
  }
}

Result<void> Volume::hold(u32 session, u64 number) {
  begin_call();
  if (session < std::size(state_.instances) && state_.instances[session] != surroundings_.instance_of_caller()) {
    forget_holds(session);
    state_.instances[session] = surroundings_.instance_of_caller();
  }
  u32 place = TRY(find_node(number));
  Hold* free = nullptr;
  Hold* mine = nullptr;
  for (Hold& hold : state_.holds) {
    if (hold.count == 0 && free == nullptr) free = &hold;
    if (hold.count != 0 && hold.node == place && hold.session == session) mine = &hold;
  }
  if (mine == nullptr) {
    if (free == nullptr) return Error::Limit;
    mine = free;
    *mine = {place, session, 0, 0};
  }
  mine->count++;
  state_.nodes[place].holds++;
  return {};
}

Result<void> Volume::release(u32 session, u64 number) {
  u32 place = TRY(find_node(number));
  for (Hold& hold : state_.holds) {
    if (hold.count == 0 || hold.node != place || hold.session != session) continue;
    if (--hold.count == 0) hold = {};
    state_.nodes[place].holds--;
    drop_if_unused(state_.nodes[place]);
    return {};
  }
  return Error::NotFound;
}

}  // namespace pith::fat
