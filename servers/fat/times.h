// Times as FAT keeps them, and nanoseconds since 1970. Both are UTC.
#pragma once
#include "base/types.h"

namespace pith::fat {

/// Two seconds are the least difference of `time`; `hundredths` counts on from there, up to 199.
struct Stamp {
  u16 date, time;
  u8 hundredths;
};

/// What does not lie between 1980 and 2107 becomes the nearest of those. [date algorithms: days from civil]
Stamp stamp_of(i64 nanoseconds);
/// 0 where the date is none.
i64 nanoseconds_of(Stamp stamp);

}  // namespace pith::fat
