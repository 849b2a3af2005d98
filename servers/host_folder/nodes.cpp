// The table of files that are known by number, and fids for them.
#include "abi/error.h"
#include "servers/host_folder/folder.h"

namespace pith::host_folder {

namespace {
u32 bucket_of(u64 number) { return u32(number * 0x9e3779b97f4a7c15 >> 40) & (kNodes - 1); }
}  // namespace

u32 Folder::place_of(u64 number) const {
  u32 link = state_.buckets[bucket_of(number)];
  while (link != 0 && state_.table[link - 1].number != number) link = state_.table[link - 1].next;
  return link == 0 ? kNowhere : link - 1;
}

/// Errors: NotFound.
Result<u32> Folder::need(u64 number) {
  u32 place = place_of(number);
  if (place == kNowhere) return Error::NotFound;
  Node& node = state_.table[place];
  if ((node.flags & Node::kRecent) == 0) node.flags |= Node::kRecent;
  return place;
}

/// The folder itself is at place 0, and never forgotten. Where the host tells it by another number than before it is another folder, in
/// which what is known is looked for under the same names.
void Folder::ensure_root() {
  u64 number = host_.root().path;
  Node& node = state_.table[0];
  if (state_.nodes != 0 && node.number == number) return;
  if (state_.nodes == 0) {
    node.parent = kNowhere;
    node.flags = Node::kUsed;
    state_.nodes = 1;
  } else {
    unlink_node(0);
  }
  node.number = number;
  u32& bucket = state_.buckets[bucket_of(number)];
  node.next = bucket;
  bucket = 1;
}

/// Its number finds it no more.
void Folder::unlink_node(u32 place) {
  u32* link = &state_.buckets[bucket_of(state_.table[place].number)];
  while (*link != 0 && *link != place + 1) link = &state_.table[*link - 1].next;
  if (*link != 0) *link = state_.table[place].next;
}

/// What a name stands for now. Waits never; where the table is full somebody that was not asked for lately is forgotten.
u32 Folder::add(u32 parent, std::string_view name, u64 number) {
  u32 place = place_of(number);
  if (place == 0) return 0;
  if (place == kNowhere) {
    // It must not be the parent that goes.
    state_.table[parent].children++;
    place = free_place();
    state_.table[parent].children--;
    if (place == kNowhere) return kNowhere;
    Node& node = state_.table[place];
    node.number = number;
    node.changed = 0;
    node.parent = kNowhere;
    node.children = node.holds = 0;
    node.flags = Node::kUsed | Node::kRecent;
    u32& bucket = state_.buckets[bucket_of(number)];
    node.next = bucket;
    bucket = place + 1;
    state_.nodes++;
  }
  if ((state_.table[place].flags & Node::kHidden) == 0) name_node(place, parent, name);
  return place;
}

void Folder::name_node(u32 place, u32 parent, std::string_view name) {
  Node& node = state_.table[place];
  if (node.parent == parent && node.text() == name) return;
  // What the host has moved below itself, as far as this table knows, has moved once more since.
  for (u32 at = parent, depth = 0; at != kNowhere && depth < kMostDepth; at = state_.table[at].parent, depth++) {
    if (at == place) return;
  }
  unname_node(place);
  node.parent = parent;
  state_.table[parent].children++;
  node.name_length = u32(name.size());
  memcpy(node.name, name.data(), name.size());
}

void Folder::unname_node(u32 place) {
  Node& node = state_.table[place];
  if (node.parent != kNowhere) state_.table[node.parent].children--;
  node.parent = kNowhere;
  node.name_length = 0;
}

void Folder::drop(u32 place) {
  Node& node = state_.table[place];
  unname_node(place);
  if (node.is_to_be_purged()) state_.to_be_purged--;
  note_synced(node);
  unlink_node(place);
  host_.forget(node.number);
  node.flags = 0;
  node.number = 0;
  state_.nodes--;
}

void Folder::note_change(u32 place) {
  Node& node = state_.table[place];
  if (node.changed == 0) state_.changed_nodes++;
  node.changed = ++state_.changes;
}

void Folder::note_synced(Node& node) {
  if (node.changed != 0) state_.changed_nodes--;
  node.changed = 0;
}

/// A place for one more, kNowhere: there is none.
u32 Folder::free_place() {
  for (u32 steps = 0; steps < 3 * kNodes; steps++) {
    u32 place = state_.hand;
    state_.hand = (place + 1) % kNodes;
    Node& node = state_.table[place];
    if ((node.flags & Node::kUsed) == 0) return place;
    if (place == 0 || node.children != 0 || node.holds != 0 || (node.flags & Node::kHidden) != 0) continue;
    bool is_busy = node.changed != 0 || node.number == state_.job.directory || node.number == state_.job.node;
    for (const Transfer& transfer : state_.transfers) is_busy |= transfer.kind != Transfer::Kind::None && transfer.node == node.number;
    if (is_busy) continue;
    if ((node.flags & Node::kRecent) != 0) {
      node.flags &= ~Node::kRecent;
      continue;
    }
    drop(place);
    return place;
  }
  return kNowhere;
}

/// Errors: WouldBlock until the way to it is walked; NotFound when something else is there by now; what the host answers.
Result<u32> Folder::fid_of(u32 place) {
  TRY(host_.check());
  u32 below = kNowhere;
  for (u32 depth = 0; depth < kMostDepth; depth++) {
    const Node& node = state_.table[place];
    std::optional<u32> fid = TRY(host_.find(node.number, Use::Walk));
    if (fid && below == kNowhere) return *fid;
    if (fid) return host_.walk(state_.table[below].number, Use::Walk, *fid, state_.table[below].text());
    if (node.parent == kNowhere) return Error::NotFound;
    below = place;
    place = node.parent;
  }
  return Error::BadArgument;
}

Result<u32> Folder::opened(u32 place, Use use) {
  u64 number = state_.table[place].number;
  std::optional<u32> fid = TRY(host_.find(number, use));
  if (fid) return *fid;
  return host_.walk(number, use, TRY(fid_of(place)), {});
}

/// A hold less, or `count`. What nobody holds and has no name goes: at the host later.
void Folder::release_node(u32 place, u32 count) {
  Node& node = state_.table[place];
  node.holds -= count < node.holds ? count : node.holds;
  if (node.is_to_be_purged()) state_.to_be_purged++;
  if (node.holds == 0 && node.children == 0 && node.parent == kNowhere && place != 0) drop(place);
}

/// A component that is another instance by now holds nothing any more.
void Folder::drop_holds_of_dead(u32 session) {
  u32 instance = surroundings_.instance_of_caller();
  for (Hold& hold : state_.holds) {
    if (hold.count == 0 || hold.session != session || hold.instance == instance) continue;
    if (u32 place = place_of(hold.number); place != kNowhere) release_node(place, hold.count);
    hold.count = 0;
  }
}

}  // namespace pith::host_folder
