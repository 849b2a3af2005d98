// The disk of one run: two file systems, and blocks that belong to nobody, which a client writes itself.
#pragma once
#include <string>

#include "base/types.h"

namespace pith::torture {

/// A file for as long as this lives: partition 1 is ext4, partition 2 FAT16, behind them lies free space (tests/systems/faults.toml knows
/// where). Made with Debian's mkfs.
class ScratchDisk {
 public:
  ScratchDisk();
  ~ScratchDisk();
  ScratchDisk(const ScratchDisk&) = delete;

  /// Whether it was made.
  bool is_there() const { return is_there_; }
  const std::string& path() const { return path_; }

  /// What e2fsck and fsck.vfat find after the machine has ended as by a power cut: empty when nothing but what such an end may leave.
  std::string problems_of_ext4() const;
  std::string problems_of_fat() const;

 private:
  std::string copy_of(u64 first, u64 bytes) const;

  std::string path_;
  bool is_there_ = false;
};

}  // namespace pith::torture
