// Walks the tree upwards from a failure. Group 0 is the outermost; a group's parent has a smaller number.
#include "servers/supervisor/tree.h"

#include <bit>

namespace pith::supervisor {

bool Tree::is_within(u32 group, u32 ancestor) const {
  while (group > ancestor) group = groups_[group].parent;
  return group == ancestor;
}

Members Tree::members_of(u32 group) const {
  Members members = 0;
  for (u32 i = 1; i < components_.size(); i++) {
    if (is_within(components_[i].group, group)) members |= member(i);
  }
  return members;
}

/// `child`, which are all the members of one child of `group`, and those of its later children.
Members Tree::children_from(u32 group, Members child) const {
  auto place = [](Members members) { return std::countr_zero(members); };
  Members members = child;
  for (u32 i = 1; i < components_.size(); i++) {
    if (components_[i].group == group && int(i) > place(child)) members |= member(i);
  }
  for (u32 i = 1; i < groups_.size(); i++) {
    Members inner = members_of(i);
    if (groups_[i].parent == group && inner != 0 && place(inner) > place(child)) members |= inner;
  }
  return members;
}

void Tree::forget(u32 group) {
  for (u32 i = group; i < groups_.size(); i++) {
    if (is_within(i, group)) history_[i].forget();
  }
}

Verdict Tree::group_failed(u32 group, u64 time) {
  forget(group);
  if (group == 0) return {0, 0, true};
  return child_failed(groups_[group].parent, members_of(group), time);
}

Verdict Tree::child_failed(u32 group, Members child, u64 time) {
  const image::Group& description = groups_[group];
  if (!history_[group].count(time, description.restarts, description.period)) return group_failed(group, time);
  switch (description.strategy) {
    case image::Strategy::One:
      return {child, group, false};
    case image::Strategy::All:
      return {members_of(group), group, false};
    case image::Strategy::Rest:
      return {children_from(group, child), group, false};
  }
  return {child, group, false};
}

}  // namespace pith::supervisor
