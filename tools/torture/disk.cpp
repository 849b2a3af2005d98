// Makes the disk with mkfs, and has it checked by fsck.
#include "tools/torture/disk.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace pith::torture {

namespace {

constexpr u64 kMegabyte = 1024 * 1024, kSector = 512;
constexpr u64 kExt4First = kMegabyte, kExt4Bytes = 24 * kMegabyte;
constexpr u64 kFatFirst = 26 * kMegabyte, kFatBytes = 20 * kMegabyte;
constexpr u64 kBytes = 64 * kMegabyte;

struct Ran {
  int status;
  std::string output;
};

/// In a shell. Debian keeps these programs where not everybody looks.
Ran run(const std::string& command) {
  FILE* stream = popen(("PATH=$PATH:/usr/sbin:/sbin; " + command + " 2>&1 </dev/null").c_str(), "r");
  if (stream == nullptr) return {-1, "no shell"};
  Ran ran{-1, {}};
  char part[4096];
  while (usize length = fread(part, 1, sizeof part, stream)) ran.output.append(part, length);
  int status = pclose(stream);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

std::string new_file() {
  std::string path = (std::filesystem::temp_directory_path() / "pith-torture-XXXXXX").string();
  int file = mkstemp(path.data());
  if (file < 0) return {};
  close(file);
  return path;
}

/// An entry of the partition table in the first sector.
void add_partition(std::array<u8, kSector>& table, u32 number, u8 type, u64 first, u64 bytes) {
  u8* entry = table.data() + 446 + (number - 1) * 16;
  entry[4] = type;
  for (u32 i = 0; i < 4; i++) {
    entry[8 + i] = u8(first / kSector >> (8 * i));
    entry[12 + i] = u8(bytes / kSector >> (8 * i));
  }
}

bool write_table(const std::string& path) {
  std::array<u8, kSector> table{};
  add_partition(table, 1, 0x83, kExt4First, kExt4Bytes);
  add_partition(table, 2, 0x06, kFatFirst, kFatBytes);
  table[510] = 0x55;
  table[511] = 0xaa;
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.write(reinterpret_cast<const char*>(table.data()), table.size());
  return file.good();
}

}  // namespace

ScratchDisk::ScratchDisk() : path_(new_file()) {
  if (path_.empty() || truncate(path_.c_str(), kBytes) != 0) return;
  Ran ext4 = run("mkfs.ext4 -q -F -E offset=" + std::to_string(kExt4First) + " '" + path_ + "' " + std::to_string(kExt4Bytes / 1024) + "k");
  Ran fat = run("mkfs.vfat -F 16 --offset=" + std::to_string(kFatFirst / kSector) + " '" + path_ + "' " + std::to_string(kFatBytes / 1024));
  is_there_ = ext4.status == 0 && fat.status == 0 && write_table(path_);
  if (!is_there_) fprintf(stderr, "pith torture: the disk cannot be made\n%s%s", ext4.output.c_str(), fat.output.c_str());
}

ScratchDisk::~ScratchDisk() {
  if (!path_.empty()) unlink(path_.c_str());
}

std::string ScratchDisk::copy_of(u64 first, u64 bytes) const {
  std::string copy = new_file();
  std::vector<char> content(bytes);
  std::ifstream from(path_, std::ios::binary);
  from.seekg(std::streamoff(first));
  from.read(content.data(), std::streamsize(bytes));
  std::ofstream(copy, std::ios::binary).write(content.data(), std::streamsize(bytes));
  return copy;
}

std::string ScratchDisk::problems_of_ext4() const {
  std::string copy = copy_of(kExt4First, kExt4Bytes);
  // The journal is replayed, and what lost its last name is taken away; nothing may be left then.
  Ran replayed = run("e2fsck -fy -E journal_only '" + copy + "'"), orphans = run("e2fsck -fp '" + copy + "'"),
      checked = run("e2fsck -fn '" + copy + "'");
  unlink(copy.c_str());
  if (replayed.status > 1 || replayed.status < 0) return replayed.output;
  if (orphans.status > 1 || orphans.status < 0) return orphans.output;
  return checked.status == 0 ? "" : checked.output;
}

std::string ScratchDisk::problems_of_fat() const {
  std::string copy = copy_of(kFatFirst, kFatBytes);
  // The mark of use, clusters that belong to nobody and the number of free ones are put right by themselves; nothing may be left then.
  Ran repaired = run("fsck.vfat -a '" + copy + "'"), checked = run("fsck.vfat -n '" + copy + "'");
  unlink(copy.c_str());
  if (repaired.status > 1 || repaired.status < 0) return repaired.output;
  return checked.status == 0 ? "" : checked.output;
}

}  // namespace pith::torture
