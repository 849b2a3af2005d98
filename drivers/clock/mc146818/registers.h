// Registers of the PC's real-time clock. [motorola/mc146818]
#pragma once
#include "base/types.h"

namespace pith::mc146818 {

enum class Register : u8 { Seconds = 0, Minutes = 2, Hours = 4, Day = 7, Month = 8, Year = 9, StatusA = 10, StatusB = 11, Century = 0x32 };

struct StatusA {
  static constexpr u8 Updating = 0x80;
};
struct StatusB {
  static constexpr u8 Hours24 = 2, Binary = 4;
};
inline constexpr u8 kAfternoon = 0x80;  // in Hours, 12-hour mode

/// How the device is reached: an index and a data port on a PC, an array in tests.
class Access {
 public:
  virtual u8 read(Register which) = 0;

 protected:
  ~Access() = default;
};

}  // namespace pith::mc146818
