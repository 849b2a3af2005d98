// From path names to inodes.
#pragma once
#include <string>
#include <string_view>

#include "personality/linux/files/inode.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

/// A path copied from a guest.
class PathText {
 public:
  /// NameTooLong from 4096 bytes on.
  Result<void> copy(Task& task, GuestAddress from);
  std::string_view view() const { return {buffer_, length_}; }

 private:
  char buffer_[kPathLimit + 1];
  u64 length_ = 0;
};

enum class LastLink : u8 { Follow, Keep };

/// Where a path leads: the directory that holds (or would hold) the last name, and what is there now.
struct Place {
  Reference<Directory> parent;  ///< empty when the path ends in ".", "..", or is the root
  std::string name;
  Reference<Inode> inode;        ///< empty when nothing is there
  bool wants_directory = false;  ///< the path ended in a slash
};

/// Follows `path` from `base`. NoEntry when a directory on the way is missing; a missing last name is no error.
Result<Place> walk(Task& task, Reference<Inode> base, std::string_view path, LastLink last);
/// Where a path that begins at `directory` (a descriptor or AtFlag::CurrentDirectory) begins.
Result<Reference<Inode>> base_of(Task& task, i32 directory, std::string_view path);
/// The place of a call's directory and path.
Result<Place> place_at(Task& task, i32 directory, std::string_view path, LastLink last);
/// The inode of a call's directory, path and flags (NoFollow, EmptyPath); it must be there.
Result<Reference<Inode>> resolve_at(Task& task, i32 directory, std::string_view path, u32 flags);
/// The inode at a path from the task's root or current directory, links followed.
Result<Reference<Inode>> find_inode(Task& task, std::string_view path);
/// The path of a directory from the task's root. NoEntry when it was removed.
Result<std::string> path_of(Task& task, Directory& directory);
/// `path` made absolute in text, without looking at links.
std::string absolute_path(Task& task, std::string_view path);

}  // namespace pith::personality
