// A tree of files in memory, which does with random operations what the service should do, and is compared with it.
#pragma once
#include <random>
#include <set>

#include "servers/ext4/test/harness.h"

namespace pith::ext4 {

class Model {
 public:
  struct File {
    u64 node;
    u32 mode;
    std::string content;  ///< or a link's text
    std::map<std::string, std::shared_ptr<File>> names;
    u32 links = 1;
    u64 changed = 0;  ///< the operation that changed it last
  };
  using Tree = std::shared_ptr<File>;

  explicit Model(u64 seed) : random_(seed) { root_ = std::make_shared<File>(File{EXT2_ROOT_INO, LINUX_S_IFDIR | 0755, {}, {}, 2}); }

  /// One random operation on both; errors must be the same.
  void step(Harness& harness);
  /// Each name, attribute and content is the same in both.
  void compare(Harness& harness);
  /// A copy of the tree as it is now.
  Tree copy() const;
  /// Of what has not changed since operation number `since`, everything is as in `tree`.
  static void compare_unchanged(Harness& harness, const Tree& tree, const Tree& later, u64 since);
  u64 operations() const { return operations_; }

 private:
  struct Place {
    Tree parent;
    std::string name;
    Tree file;
  };
  static bool can_be_done(u64 which, const Place& place);
  Tree some_directory();
  Place some_place(bool may_be_new);
  std::string some_name();
  std::string some_content(u64 most);
  void write(Harness& harness, const Tree& file);
  void truncate(Harness& harness, const Tree& file);
  void rename(Harness& harness);
  bool is_below(const Tree& file, const Tree& ancestor) const;

  std::mt19937_64 random_;
  Tree root_;
  u64 operations_ = 0;
};

}  // namespace pith::ext4
