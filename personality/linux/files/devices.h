// Character devices: null, zero, full, random, tty, console.
#pragma once
#include "personality/linux/files/file.h"

namespace pith::personality {

/// Device numbers of the nodes in /dev.
struct Device {
  static constexpr u64 Null = device_number(1, 3), Zero = device_number(1, 5), Full = device_number(1, 7), Random = device_number(1, 8);
  static constexpr u64 RandomUnlimited = device_number(1, 9), Terminal = device_number(5, 0), Console = device_number(5, 1);
};

/// Opens what a character device node stands for. NoDevice for numbers that nothing answers to.
Result<Reference<File>> open_device(Task& task, Reference<Inode> inode, u32 flags);

}  // namespace pith::personality
