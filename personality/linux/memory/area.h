// The areas of an address space: which addresses may be used how, and what they show. Pure bookkeeping, no pages.
#pragma once
#include <map>

#include "base/result.h"
#include "personality/linux/abi.h"
#include "personality/linux/files/inode.h"

namespace pith::personality {

enum class Sharing : u8 { Private, Shared };
enum class Growth : u8 { Fixed, Down };

/// A run of pages with the same meaning. `end` is exclusive; both are page-aligned.
struct Area {
  u64 start = 0, end = 0;
  u32 protection = 0;
  Sharing sharing = Sharing::Private;
  Growth growth = Growth::Fixed;
  bool is_locked = false;         ///< by mlock: told by msync and charged to RLIMIT_MEMLOCK
  Reference<Inode> backing = {};  ///< empty: zeroes
  u64 offset = 0;                 ///< of `start` in the backing, bytes

  u64 page_in_backing(u64 address) const { return (offset + (address - start)) >> kPageShift; }
};

/// Areas sorted by address; they never overlap.
class AreaMap {
 public:
  using Map = std::map<u64, Area>;
  static constexpr u64 kLowest = 0x10000;
  static constexpr u64 kHighest = 0x7fff'ffff'f000;

  /// The area that `address` lies in, or null.
  Area* find(u64 address);
  /// The first area that ends above `address`, or null.
  Area* find_from(u64 address);
  /// Adds an area where nothing is; it may be merged with its neighbours.
  void insert(Area area);
  /// Takes all out of [start, end), splitting what sticks out.
  void remove(u64 start, u64 end);
  /// Gives everything in [start, end) another protection; OutOfMemory where there is a hole (nothing changed then).
  Result<void> protect(u64 start, u64 end, u32 protection);
  /// Sets or takes away is_locked of everything in [start, end).
  void set_locked(u64 start, u64 end, bool is_locked);
  u64 locked_pages() const;
  /// Whether nothing lies in [start, end).
  bool is_free(u64 start, u64 end);
  /// Whether [start, end) has no hole.
  bool is_covered(u64 start, u64 end);
  /// The highest hole of `size` bytes below `top`.
  Result<u64> find_hole(u64 size, u64 top);
  /// Moves the start of a stack down to `start`; nothing may lie there.
  void grow_down(Area& area, u64 start);

  const Map& areas() const { return areas_; }
  u64 total_pages() const;

 private:
  /// Makes `address` a border between two areas if it lies inside one.
  void split(u64 address);
  bool try_merge(Map::iterator left, Map::iterator right);

  Map areas_;
  u64 next_top_ = 0;  ///< the last hole that was found began here, and nothing has been removed since; 0: not known
};

}  // namespace pith::personality
