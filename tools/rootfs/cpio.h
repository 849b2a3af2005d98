// A file tree as a cpio archive in the "newc" form: the form in which a root file system travels in a boot image.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace pith::rootfs {

/// One entry: the mode has the type bits of stat(2); `data` is a file's content or a symbolic link's target.
struct Entry {
  u32 mode = 0;
  std::vector<u8> data;
};

/// A file tree by path, without a leading slash. Owner and group are root, times are 0, so equal trees make equal archives.
class Tree {
 public:
  /// The tree in `archive`, or nothing where it is damaged or of another form.
  static std::optional<Tree> parse(std::span<const u8> archive);

  /// These replace what is there, and make the folders above it. Paths may begin with a slash; `permissions` are the low 12 bits of the
  /// mode.
  void add_folder(std::string_view path, u32 permissions);
  void add_file(std::string_view path, std::vector<u8> data, u32 permissions);
  void add_file(std::string_view path, std::string_view data, u32 permissions);
  void add_link(std::string_view path, std::string_view target);

  const Entry* find(std::string_view path) const;
  std::vector<u8> archive() const;

 private:
  void add(std::string_view path, Entry entry);

  std::map<std::string, Entry> entries_;  // sorted, so a folder comes before what is in it
};

/// Adds a file, link or folder of the host with all that is in it as `guest`; run bits are kept. Answers what went wrong, or an empty text.
std::string add_from_host(Tree& tree, const std::string& host, std::string guest);

}  // namespace pith::rootfs
