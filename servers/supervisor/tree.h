// The supervision tree: which components begin anew when one has failed, and when that has been too often. No IPC here; times are
// nanoseconds since boot.
#pragma once
#include <span>

#include "abi/boot_image.h"
#include "lib/intensity.h"

namespace pith::supervisor {

/// A set of components: bit N is component N.
using Members = u64;
constexpr Members member(u64 component) { return Members{1} << component; }

/// What follows a failure.
struct Verdict {
  Members restarted;  ///< stopped from the last to the first, started from the first to the last
  u32 group;          ///< whose strategy that is
  bool is_end;        ///< the outermost group has failed: the machine ends
};

/// As in Erlang/OTP. A group's children are its components and the groups in it, in the manifest's order; a group stands where its first
/// component does. When a child fails the group's strategy says who begins anew; when that happens more often than the group allows the
/// group as a whole has failed, as a child of its parent.
class Tree {
 public:
  /// What is to last when the supervisor is restarted: the restarts of each group.
  using History = Intensity[image::kMostGroups];

  /// Tables as in the boot image, which the packer has checked.
  Tree(std::span<const image::Component> components, std::span<const image::Group> groups, History& history)
      : components_(components), groups_(groups), history_(history) {}

  /// `component` has failed at `time`.
  Verdict failed(u32 component, u64 time) { return child_failed(components_[component].group, member(component), time); }
  /// `group` cannot be restarted at all.
  Verdict group_failed(u32 group, u64 time);

  /// All components of a group and the groups in it.
  Members members_of(u32 group) const;

 private:
  Verdict child_failed(u32 group, Members child, u64 time);
  Members children_from(u32 group, Members child) const;
  bool is_within(u32 group, u32 ancestor) const;
  void forget(u32 group);

  std::span<const image::Component> components_;
  std::span<const image::Group> groups_;
  History& history_;
};

}  // namespace pith::supervisor
