// The table of clusters: chains, what is free, and what becomes free.
#include "servers/fat/volume.h"

#include <algorithm>

namespace pith::fat {

namespace {

/// Where a cluster's entry lies: in bytes from the table's beginning.
u64 offset_of(Width width, u32 cluster) {
  return width == Width::Fat12 ? cluster + cluster / 2 : width == Width::Fat16 ? u64{cluster} * 2 : u64{cluster} * 4;
}

}  // namespace

u64 Volume::table_place(u32 cluster) const {
  const Geometry& where = state_.geometry;
  return (where.table_start + where.active_table * where.table_sectors) * kSector + offset_of(where.width, cluster);
}

/// What follows a cluster in its chain: 0 when it is free; end_mark() at the end; anything else that is no cluster is damage.
u32 Volume::entry(u32 cluster) {
  u64 place = table_place(cluster);
  const std::byte* at = bytes_of(need(place / kSector)) + place % kSector;
  u32 value;
  if (state_.geometry.width == Width::Fat12) {
    const std::byte* second = bytes_of(need((place + 1) / kSector)) + (place + 1) % kSector;
    u32 both = u32(*at) | u32(*second) << 8;
    value = (cluster & 1) != 0 ? both >> 4 : both & 0xfff;
  } else {
    value = state_.geometry.width == Width::Fat16 ? get16(at) : get32(at) & 0x0fffffff;
  }
  return value >= (end_mark() & ~7U) ? end_mark() : value;
}

void Volume::set_entry(u32 cluster, u32 value) {
  u64 place = table_place(cluster);
  Frame& first = need(place / kSector);
  if (state_.geometry.width == Width::Fat12) {
    Frame& second = need((place + 1) / kSector);
    std::byte* low = change(first) + place % kSector;
    std::byte* high = change(second) + (place + 1) % kSector;
    u32 both = u32(*low) | u32(*high) << 8;
    both = (cluster & 1) != 0 ? (both & 0xf) | value << 4 : (both & 0xf000) | value;
    *low = std::byte(both);
    *high = std::byte(both >> 8);
    return;
  }
  std::byte* at = change(first) + place % kSector;
  if (state_.geometry.width == Width::Fat16) {
    at[0] = std::byte(value);
    at[1] = std::byte(value >> 8);
  } else {
    put32(at, (get32(at) & 0xf0000000) | value);
  }
}

/// The same for whoever can go on later from where it is: nothing when the sector is not there. 1, which is no cluster, when it cannot be
/// read.
std::optional<u32> Volume::try_entry(u32 cluster) {
  u64 place = table_place(cluster);
  for (u64 sector : {place / kSector, (place + 1) / kSector}) {
    if (find_frame(sector) != nullptr) continue;
    if (bad_sector_ != kNowhere && sector - bad_sector_ < kReadSectors) {
      bad_sector_ = kNowhere;
      return 1;
    }
    if (state_.geometry.width != Width::Fat12 && sector != place / kSector) continue;
    want(sector);
    has_missed_ = true;
    return {};
  }
  return entry(cluster);
}

void Volume::unmark_full(u32 cluster) {
  u64 sector = offset_of(state_.geometry.width, cluster) / kSector;
  if (sector < kTableSectors) full_[sector / 64] &= ~(u64{1} << sector % 64);
}

/// The first free cluster of [from, to); 0: there is none.
u32 Volume::find_free(u32 from, u32 to) {
  Width width = state_.geometry.width;
  for (u32 cluster = from; cluster < to;) {
    u64 sector = offset_of(width, cluster) / kSector;
    bool is_full = sector < kTableSectors && (full_[sector / 64] >> sector % 64 & 1) != 0;
    bool is_first = offset_of(width, cluster) % kSector < 4 && width != Width::Fat12;
    u32 next = width == Width::Fat12 ? cluster + 1 : u32((sector + 1) * kSector / (width == Width::Fat16 ? 2 : 4));
    if (!is_full) {
      u32 end = std::min(next, to);
      for (u32 i = cluster; i < end; i++) {
        if (entry(i) == 0) return i;
      }
      if (is_first && end == next && sector < kTableSectors) full_[sector / 64] |= u64{1} << sector % 64;
    }
    cluster = next;
  }
  return 0;
}

/// A free cluster, behind `near` where possible; it ends a chain now. 0: there is none.
u32 Volume::take_cluster(u32 near) {
  const Geometry& where = state_.geometry;
  u32 hint = where.is_cluster(near + 1) ? near + 1 : where.is_cluster(state_.next_free) ? state_.next_free : kFirstCluster;
  for (u32 pass = 0; pass < 2 && state_.free_clusters != 0; pass++) {
    u32 cluster = find_free(hint, where.end);
    if (cluster == 0) cluster = find_free(kFirstCluster, hint);
    if (cluster != 0) {
      set_entry(cluster, end_mark());
      state_.next_free = cluster;
      state_.free_clusters--;
      has_looked_again_ = false;
      return cluster;
    }
    // What was full may have been so in events that were taken back only; this one may be as well, and be run again.
    has_looked_again_ = !has_looked_again_;
    if (!has_looked_again_) break;
    for (u64& bits : full_) bits = 0;
  }
  wait_for_space();
  return 0;
}

/// Comes back when no round would make clusters free.
void Volume::wait_for_space() {
  if (state_.stage == Stage::Fill || !has_to_free()) return;
  wants_round_ = true;
  surroundings_.wait();
}

/// Clusters that files other than this one need for what has no content yet.
u64 Volume::promised_to_others(const Node& node) const {
  u64 sum = 0;
  for (const Node& other : state_.nodes) {
    bool is_promised = (other.flags & Node::kUsed) != 0 && &other != &node && other.valid < other.size();
    if (is_promised && clusters_of(other.size()) > other.allocated) sum += clusters_of(other.size()) - other.allocated;
  }
  return sum;
}

/// Follows a file's chain to its cluster number `index`. Nothing: not yet, as far as it came is kept. 0: the chain ends before.
std::optional<u32> Volume::try_walk(Node& node, u32 index) {
  u32 at = 0, cluster = node.first();
  if (node.hint_cluster != 0 && node.hint_index <= index) at = node.hint_index, cluster = node.hint_cluster;
  if (node.last_cluster != 0 && node.last_index <= index) at = node.last_index, cluster = node.last_cluster;
  bool has_come = true;
  for (u32 steps = 0; at < index && state_.geometry.is_cluster(cluster); at++) {
    std::optional<u32> next;
    if (steps++ < kEventSteps) next = try_entry(cluster);
    if (!next) {
      has_come = false;
      break;
    }
    cluster = *next;
  }
  if (!state_.geometry.is_cluster(cluster)) return 0;
  node.hint_index = at;
  node.hint_cluster = cluster;
  if (!has_come) return {};
  return cluster;
}

/// Makes a file's chain at least so many clusters long. Whether it is; if not, there is more to do.
Result<bool> Volume::try_extend(Node& node, u32 clusters) {
  if (node.allocated >= clusters) return true;
  u32 last = 0;
  if (node.allocated != 0) {
    std::optional<u32> found = try_walk(node, node.allocated - 1);
    if (!found) return false;
    if (*found == 0) return Error::Damaged;
    last = *found;
    std::optional<u32> behind = try_entry(last);
    if (!behind) return false;
    // A chain may be longer than its size says.
    if (state_.geometry.is_cluster(*behind)) {
      node.allocated++;
      node.flags |= Node::kHasExcess;
      return node.allocated >= clusters;
    }
  }
  if (promised_to_others(node) + (clusters - node.allocated) > state_.free_clusters) {
    wait_for_space();
    if (promised_to_others(node) >= state_.free_clusters) return Error::NoSpace;
  }
  for (u32 i = 0; i < kEventEntries && node.allocated < clusters; i++) {
    u32 cluster = take_cluster(last);
    if (cluster == 0) return Error::NoSpace;
    if (last == 0) {
      set_first(node, cluster);
    } else {
      set_entry(last, cluster);
    }
    node.last_index = node.allocated++;
    node.last_cluster = last = cluster;
    node.flags |= Node::kHasExcess;  // until the size says so, too
  }
  return node.allocated >= clusters;
}

/// The chain is free with the end of the next round.
void Volume::free_chain(u32 cluster, Kind kind) {
  if (!state_.geometry.is_cluster(cluster)) return;
  if (state_.freed_count == kFrees) {
    wants_round_ = true;
    surroundings_.wait();
  }
  state_.freed[state_.freed_count++] = {cluster, kind == Kind::Directory};
}

/// Frees clusters of the chains that are given back. An end that is no end (damage, or a cluster that is free) ends it as well.
void Volume::free_step() {
  for (u32 i = 0; i < kEventEntries && state_.freed_count != 0; i++) {
    Freed& chain = state_.freed[state_.freed_count - 1];
    std::optional<u32> next = state_.geometry.is_cluster(chain.cluster) ? try_entry(chain.cluster) : 0;
    if (!next) return;
    if (*next == 0) {
      state_.freed_count--;
      continue;
    }
    set_entry(chain.cluster, 0);
    unmark_full(chain.cluster);
    state_.free_clusters++;
    for (u32 k = 0; chain.is_directory != 0 && k < state_.geometry.cluster_sectors; k++) {
      if (Frame* frame = find_frame(state_.geometry.sector_of(chain.cluster) + k)) drop_frame(*frame);
    }
    chain.cluster = *next;
    if (changed_too_much()) return;
  }
}

/// Cuts off what one file's chain has more than its size needs, or gives one back that lost its last holder. Whether there was one.
bool Volume::cut_step() {
  for (u32 i = 0; i < kNodes; i++) {
    Node& node = state_.nodes[i];
    if ((node.flags & Node::kUsed) == 0) continue;
    if (node.position == kNowhere && !is_busy(node)) {
      drop_if_unused(node);
      return true;
    }
    if ((node.flags & Node::kHasExcess) == 0) continue;
    u32 needed = clusters_of(node.size());
    if (needed < node.allocated && needed != 0) {
      std::optional<u32> last = try_walk(node, needed - 1);
      if (!last) return true;
      std::optional<u32> behind = *last == 0 ? end_mark() : try_entry(*last);
      if (!behind) return true;
      if (state_.geometry.is_cluster(*behind)) {
        free_chain(*behind, Kind::File);
        set_entry(*last, end_mark());
      }
    } else if (needed == 0 && node.first() != 0) {
      free_chain(node.first(), Kind::File);  // its entry said so before
      set_first(node, 0);
    }
    node.allocated = needed;
    node.last_cluster = 0;
    node.flags &= ~Node::kHasExcess;
    return true;
  }
  return false;
}

/// Whether a round makes clusters free. What a file that is being written has more than its size needs, it has for that.
bool Volume::has_to_free() const {
  if (state_.freed_count != 0) return true;
  for (const Node& node : state_.nodes) {
    bool is_left = node.position == kNowhere && !is_busy(node);
    if ((node.flags & Node::kUsed) != 0 && (is_left || ((node.flags & Node::kHasExcess) != 0 && node.transfers == 0))) return true;
  }
  return false;
}

}  // namespace pith::fat
