// A file tree as a cpio archive in the "newc" form: parsing one that may be damaged, and writing one that is always the same.
#include "tools/rootfs/cpio.h"

#include <sys/stat.h>

#include <cstdio>

namespace pith::rootfs {

namespace {

constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr usize kFields = 13, kFieldLength = 8;
constexpr usize kHeaderLength = kMagic.size() + kFields * kFieldLength;
enum Field { Inode, Mode, User, Group, Links, Time, Size, DeviceMajor, DeviceMinor, SpecialMajor, SpecialMinor, NameSize, Check };

constexpr usize padded(usize size) { return (size + 3) & ~usize{3}; }

std::string_view without_slashes(std::string_view path) {
  while (path.starts_with("/") || path.starts_with("./")) path.remove_prefix(path[0] == '.' ? 2 : 1);
  while (path.ends_with("/")) path.remove_suffix(1);
  return path;
}

/// One header field: eight hexadecimal digits.
std::optional<u32> field(std::string_view header, Field index) {
  u32 value = 0;
  for (char c : header.substr(kMagic.size() + index * kFieldLength, kFieldLength)) {
    u32 digit = c >= '0' && c <= '9'   ? u32(c - '0')
                : c >= 'a' && c <= 'f' ? u32(c - 'a' + 10)
                : c >= 'A' && c <= 'F' ? u32(c - 'A' + 10)
                                       : 16;
    if (digit == 16) return {};
    value = value << 4 | digit;
  }
  return value;
}

void append_entry(std::vector<u8>& out, std::string_view name, u32 inode, const Entry& entry) {
  u32 values[kFields] = {};
  values[Inode] = inode;
  values[Mode] = entry.mode;
  values[Links] = S_ISDIR(entry.mode) ? 2 : 1;
  values[Size] = u32(entry.data.size());
  values[NameSize] = u32(name.size() + 1);
  out.insert(out.end(), kMagic.begin(), kMagic.end());
  for (u32 value : values) {
    char digits[kFieldLength + 1];
    snprintf(digits, sizeof digits, "%08X", value);
    out.insert(out.end(), digits, digits + kFieldLength);
  }
  out.insert(out.end(), name.begin(), name.end());
  out.push_back(0);
  out.resize(padded(out.size()));
  out.insert(out.end(), entry.data.begin(), entry.data.end());
  out.resize(padded(out.size()));
}

}  // namespace

std::optional<Tree> Tree::parse(std::span<const u8> archive) {
  Tree tree;
  std::string_view text(reinterpret_cast<const char*>(archive.data()), archive.size());
  usize offset = 0;
  while (text.size() - offset >= kHeaderLength) {
    std::string_view header = text.substr(offset, kHeaderLength);
    auto mode = field(header, Mode), size = field(header, Size), name_size = field(header, NameSize);
    if (!header.starts_with(kMagic) || !mode || !size || !name_size || *name_size == 0) return {};
    usize data = padded(offset + kHeaderLength + *name_size);
    if (data > text.size() || *size > text.size() - data) return {};
    std::string_view name = text.substr(offset + kHeaderLength, *name_size - 1);
    if (name == kTrailer) return tree;
    name = without_slashes(name);
    if (!name.empty() && name != ".") tree.add(name, {*mode, {archive.begin() + i64(data), archive.begin() + i64(data + *size)}});
    offset = padded(data + *size);
    if (offset > text.size()) return {};
  }
  return {};
}

void Tree::add(std::string_view path, Entry entry) {
  path = without_slashes(path);
  for (usize slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    entries_.try_emplace(std::string(path.substr(0, slash)), Entry{S_IFDIR | 0755, {}});
  }
  entries_.insert_or_assign(std::string(path), std::move(entry));
}

void Tree::add_folder(std::string_view path, u32 permissions) { add(path, {S_IFDIR | permissions, {}}); }
void Tree::add_file(std::string_view path, std::vector<u8> data, u32 permissions) { add(path, {S_IFREG | permissions, std::move(data)}); }
void Tree::add_file(std::string_view path, std::string_view data, u32 permissions) {
  add(path, {S_IFREG | permissions, {data.begin(), data.end()}});
}
void Tree::add_link(std::string_view path, std::string_view target) { add(path, {S_IFLNK | 0777, {target.begin(), target.end()}}); }

const Entry* Tree::find(std::string_view path) const {
  auto found = entries_.find(std::string(without_slashes(path)));
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<u8> Tree::archive() const {
  std::vector<u8> out;
  u32 inode = 0;
  for (const auto& [path, entry] : entries_) append_entry(out, path, ++inode, entry);
  append_entry(out, kTrailer, 0, {});
  return out;
}

}  // namespace pith::rootfs
