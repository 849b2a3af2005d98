// Files and folders of the host as parts of a tree.
#include <sys/stat.h>

#include <filesystem>

#include "tools/common/files.h"
#include "tools/rootfs/cpio.h"

namespace pith::rootfs {

namespace {

namespace fs = std::filesystem;

constexpr u64 kLargestFile = u64{1} << 31;

std::string add_one(Tree& tree, const fs::path& host, const std::string& guest) {
  struct stat status;
  if (lstat(host.c_str(), &status) != 0) return host.string() + " does not exist";
  u32 run_bits = u32(status.st_mode) & 0111;
  if (S_ISLNK(status.st_mode)) {
    std::error_code error;
    fs::path target = fs::read_symlink(host, error);
    if (error) return host.string() + " cannot be read";
    tree.add_link(guest, target.string());
  } else if (S_ISDIR(status.st_mode)) {
    tree.add_folder(guest, 0755);
  } else if (S_ISREG(status.st_mode)) {
    if (u64(status.st_size) >= kLargestFile) return host.string() + " is too large for a cpio archive";
    auto data = read_file(host.string());
    if (!data) return host.string() + " cannot be read";
    tree.add_file(guest, std::move(*data), 0644 | run_bits);
  } else {
    return host.string() + " is neither a file nor a folder";
  }
  return "";
}

}  // namespace

std::string add_from_host(Tree& tree, const std::string& host, std::string guest) {
  std::error_code error;
  // What is named on the command line is followed, what lies in it is kept as it is.
  fs::path top = fs::canonical(host, error);
  if (error) return host + " does not exist";
  if (guest.ends_with("/")) guest += fs::absolute(host).lexically_normal().filename().string();
  if (std::string reason = add_one(tree, top, guest); !reason.empty()) return reason;
  if (!fs::is_directory(top)) return "";
  for (auto at = fs::recursive_directory_iterator(top, error); !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::string inner = guest + "/" + at->path().lexically_relative(top).string();
    if (std::string reason = add_one(tree, at->path(), inner); !reason.empty()) return reason;
  }
  return error ? host + " cannot be read: " + error.message() : "";
}

}  // namespace pith::rootfs
