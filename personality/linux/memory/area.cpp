// Insert, remove, split, merge and search of areas.
#include "personality/linux/memory/area.h"

#include "personality/linux/errors.h"
#include "personality/linux/files/inode.h"

namespace pith::personality {

Area* AreaMap::find_from(u64 address) {
  auto next = areas_.upper_bound(address);
  if (next != areas_.begin()) {
    auto before = std::prev(next);
    if (before->second.end > address) return &before->second;
  }
  return next == areas_.end() ? nullptr : &next->second;
}

Area* AreaMap::find(u64 address) {
  Area* area = find_from(address);
  return area && area->start <= address ? area : nullptr;
}

bool AreaMap::try_merge(Map::iterator left, Map::iterator right) {
  Area& a = left->second;
  const Area& b = right->second;
  bool fits = a.end == b.start && a.protection == b.protection && a.sharing == b.sharing && a.growth == b.growth &&
              a.is_locked == b.is_locked && a.backing == b.backing && (!a.backing || a.offset + (a.end - a.start) == b.offset);
  if (!fits) return false;
  a.end = b.end;
  areas_.erase(right);
  return true;
}

void AreaMap::insert(Area area) {
  u64 start = area.start;
  auto it = areas_.emplace(start, std::move(area)).first;
  if (auto next = std::next(it); next != areas_.end()) try_merge(it, next);
  if (it != areas_.begin()) try_merge(std::prev(it), it);
}

void AreaMap::split(u64 address) {
  Area* area = find(address);
  if (!area || area->start == address) return;
  Area upper = *area;
  upper.start = address;
  upper.offset = area->backing ? area->offset + (address - area->start) : 0;
  upper.growth = Growth::Fixed;
  area->end = address;
  areas_.emplace(address, std::move(upper));
}

void AreaMap::remove(u64 start, u64 end) {
  if (is_free(start, end)) return;
  next_top_ = 0;
  split(start);
  split(end);
  areas_.erase(areas_.lower_bound(start), areas_.lower_bound(end));
}

bool AreaMap::is_free(u64 start, u64 end) {
  Area* area = find_from(start);
  return !area || area->start >= end;
}

bool AreaMap::is_covered(u64 start, u64 end) {
  while (start < end) {
    Area* area = find(start);
    if (!area) return false;
    start = area->end;
  }
  return true;
}

Result<void> AreaMap::protect(u64 start, u64 end, u32 protection) {
  if (!is_covered(start, end)) return LinuxError::OutOfMemory;
  split(start);
  split(end);
  auto first = areas_.lower_bound(start);
  auto last = areas_.lower_bound(end);
  for (auto it = first; it != last; ++it) it->second.protection = protection;
  for (auto it = first; it != areas_.end() && it->first <= end;) {
    auto next = std::next(it);
    if (it != areas_.begin() && try_merge(std::prev(it), it)) {
      it = next;
      continue;
    }
    ++it;
  }
  return {};
}

void AreaMap::set_locked(u64 start, u64 end, bool is_locked) {
  split(start);
  split(end);
  for (auto it = areas_.lower_bound(start); it != areas_.end() && it->first < end;) {
    auto next = std::next(it);
    it->second.is_locked = is_locked;
    if (it != areas_.begin()) try_merge(std::prev(it), it);
    it = next;
  }
  if (auto after = areas_.lower_bound(end); after != areas_.end() && after != areas_.begin()) try_merge(std::prev(after), after);
}

u64 AreaMap::locked_pages() const {
  u64 pages = 0;
  for (const auto& [start, area] : areas_)
    if (area.is_locked) pages += (area.end - area.start) >> kPageShift;
  return pages;
}

Result<u64> AreaMap::find_hole(u64 size, u64 top) {
  // Many mappings, one after the other: the next hole is below the last one.
  if (next_top_ && next_top_ <= top && next_top_ >= size + kLowest && is_free(next_top_ - size, next_top_)) return next_top_ -= size;
  u64 limit = top;
  auto it = areas_.lower_bound(top);
  for (;;) {
    u64 below = kLowest;
    u64 next_limit = 0;
    if (it != areas_.begin()) {
      --it;
      below = it->second.end;
      next_limit = it->second.start;
    }
    if (below < limit && limit - below >= size) return next_top_ = limit - size;
    if (next_limit == 0) return LinuxError::OutOfMemory;
    if (next_limit < limit) limit = next_limit;
  }
}

void AreaMap::grow_down(Area& area, u64 start) {
  Area copy = area;
  areas_.erase(area.start);
  copy.start = start;
  areas_.emplace(start, std::move(copy));
}

u64 AreaMap::total_pages() const {
  u64 pages = 0;
  for (const auto& [start, area] : areas_) pages += (area.end - area.start) >> kPageShift;
  return pages;
}

}  // namespace pith::personality
