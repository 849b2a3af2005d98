// Tests the decoding of the real-time clock.
#include "drivers/clock/mc146818/device.h"

#include <gtest/gtest.h>

#include "abi/error.h"

namespace pith::mc146818 {
namespace {

TEST(Mc146818, DecodesBcd) {
  Snapshot snapshot{0x59, 0x34, 0x12, 0x29, 0x02, 0x24, 0x20, StatusB::Hours24};
  Result<u64> seconds = decode(snapshot);
  ASSERT_TRUE(seconds);
  EXPECT_EQ(*seconds, 1709210099u);  // 2024-02-29 12:34:59 UTC
}

TEST(Mc146818, DecodesBinaryTwelveHours) {
  Snapshot snapshot{0, 0, u8(12 | kAfternoon), 1, 1, 70, 19, StatusB::Binary};
  EXPECT_EQ(*decode(snapshot), 12u * 3600);
  snapshot.hours = 12;  // midnight
  EXPECT_EQ(*decode(snapshot), 0u);
  snapshot.hours = u8(11 | kAfternoon);
  EXPECT_EQ(*decode(snapshot), 23u * 3600);
}

TEST(Mc146818, MissingCenturyIsThisOne) {
  Snapshot snapshot{0, 0, 0, 1, 1, 0x26, 0, StatusB::Hours24};
  EXPECT_EQ(*decode(snapshot), 1767225600u);  // 2026-01-01
}

TEST(Mc146818, RefusesNonsense) {
  Snapshot snapshot{0, 0, 0, 1, 0x13, 0x26, 0x20, StatusB::Hours24};
  EXPECT_EQ(decode(snapshot).error(), Error::Damaged);
}

class TickingAccess final : public Access {
 public:
  u32 reads = 0;
  u8 read(Register which) override {
    reads++;
    switch (which) {
      case Register::StatusA:
        return reads < 12 ? StatusA::Updating : 0;
      case Register::StatusB:
        return StatusB::Hours24;
      case Register::Seconds:
        return reads < 13 ? 0x58 : 0x59;  // moves between the first and the second snapshot
      case Register::Century:
        return 0x20;
      case Register::Day:
      case Register::Month:
        return 1;
      default:
        return 0;
    }
  }
};

TEST(Mc146818, ReadsUntilTwoSnapshotsAgree) {
  TickingAccess access;
  EXPECT_EQ(*read_seconds(access), 946684800u + 59);
}

class StuckAccess final : public Access {
 public:
  u8 read(Register) override { return 0xff; }
};

TEST(Mc146818, GivesUpOnAStuckClock) {
  StuckAccess access;
  EXPECT_EQ(read_seconds(access).error(), Error::TimedOut);
}

}  // namespace
}  // namespace pith::mc146818
