// Tests of what counts as a hang.
#include "lib/heartbeat.h"

#include <gtest/gtest.h>

namespace pith {
namespace {

constexpr u32 kLooks = Heartbeat::kLooks;

/// A component that has been at its receive before.
Heartbeat begun() {
  Heartbeat heartbeat;
  heartbeat.rest();
  return heartbeat;
}

/// Looks so often, always at the same pulse; how many looks after the first it took, 0: it does not hang.
u32 looks_until_hung(Heartbeat& heartbeat, u64 weight, u32 most) {
  heartbeat.look(7, weight, 0);
  for (u32 i = 1; i <= most; i++) {
    heartbeat.look(7, weight, i);
    if (heartbeat.is_hung()) return i;
  }
  return 0;
}

TEST(Heartbeat, HangsWhenItDoesNotComeBy) {
  Heartbeat heartbeat = begun();
  EXPECT_FALSE(heartbeat.is_hung());
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kFree, 100), kLooks);
  heartbeat.forget();
  EXPECT_FALSE(heartbeat.is_hung());
}

TEST(Heartbeat, WaitingForOthersIsNoHang) {
  Heartbeat heartbeat = begun();
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kInCall, 10'000), 0u);
  // A call in between takes nothing back: it may call again and again.
  for (u32 i = 0; i < kLooks; i++) {
    EXPECT_FALSE(heartbeat.is_hung());
    heartbeat.look(7, Heartbeat::kFree, 0);
    heartbeat.look(7, Heartbeat::kInCall, 0);
  }
  EXPECT_TRUE(heartbeat.is_hung());
}

TEST(Heartbeat, WhoCannotRunHasMoreTime) {
  Heartbeat heartbeat = begun();
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kHindered, 100), kLooks * Heartbeat::kFree);
}

TEST(Heartbeat, EachPulseAndEachRestBeginsAnew) {
  Heartbeat heartbeat = begun();
  for (u64 pulse = 0; pulse < 1000; pulse++) {
    for (u32 i = 0; i < kLooks; i++) heartbeat.look(pulse, Heartbeat::kFree, 0);
    EXPECT_FALSE(heartbeat.is_hung());
  }
  heartbeat.rest();
  heartbeat.look(999, Heartbeat::kFree, 0);
  EXPECT_FALSE(heartbeat.is_hung());
}

TEST(Heartbeat, TheFirstStartMayTakeLonger) {
  Heartbeat heartbeat;
  for (u32 i = 0; i <= Heartbeat::kFirstLooks; i++) heartbeat.look(0, Heartbeat::kFree, 0);
  EXPECT_FALSE(heartbeat.is_hung());
  for (u32 i = 0; i < kLooks; i++) heartbeat.look(0, Heartbeat::kFree, 0);
  EXPECT_TRUE(heartbeat.is_hung());
  // The next instance is no first start once there was a pulse.
  heartbeat.look(1, Heartbeat::kFree, 0);
  heartbeat.forget();
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kFree, 100), kLooks);
}

TEST(Heartbeat, TellsWhoSpins) {
  Heartbeat spins = begun(), starves = begun();
  for (u64 i = 0; i <= kLooks; i++) {
    spins.look(1, Heartbeat::kFree, 1000 + i * 500);
    starves.look(1, Heartbeat::kFree, 99'999);
  }
  EXPECT_EQ(spins.spent(), kLooks * 500u);
  EXPECT_EQ(starves.spent(), 0u);
}

}  // namespace
}  // namespace pith
