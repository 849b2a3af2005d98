// What the driver that has its device reach for memory of others, and the component whose memory that is, tell each other.
#pragma once
#include "base/types.h"

namespace pith::trespass {

/// At the beginning of memory that both share. Each attempt waits until the one before was looked at.
struct Note {
  u64 target;   ///< where devices see the memory that the driver has no part in; 0: not told yet
  u64 tried;    ///< attempts that were made: by the driver
  u64 checked;  ///< attempts after which the target was looked at: by its owner
  u64 problem;  ///< not 0: the driver could not try
};

inline constexpr u64 kAttempts = 4;
inline constexpr u64 kSecret = 0x5eed'5ec4'e7f0'0d00;

}  // namespace pith::trespass
