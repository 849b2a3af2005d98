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
    if (heartbeat.is_hung(1)) return i;
  }
  return 0;
}

TEST(Heartbeat, HangsWhenItDoesNotComeBy) {
  Heartbeat heartbeat = begun();
  EXPECT_FALSE(heartbeat.is_hung(1));
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kFree, 100), kLooks);
  heartbeat.forget();
  EXPECT_FALSE(heartbeat.is_hung(1));
}

TEST(Heartbeat, WaitingForOthersIsNoHang) {
  Heartbeat heartbeat = begun();
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kInCall, 10'000), 0u);
  // A call in between takes nothing back: it may call again and again.
  for (u32 i = 0; i < kLooks; i++) {
    EXPECT_FALSE(heartbeat.is_hung(1));
    heartbeat.look(7, Heartbeat::kFree, 0);
    heartbeat.look(7, Heartbeat::kInCall, 0);
  }
  EXPECT_TRUE(heartbeat.is_hung(1));
}

TEST(Heartbeat, WhoCannotRunHasMoreTime) {
  Heartbeat heartbeat = begun();
  EXPECT_EQ(looks_until_hung(heartbeat, Heartbeat::kHindered, 100), kLooks * Heartbeat::kFree);
}

TEST(Heartbeat, EachPulseAndEachRestBeginsAnew) {
  Heartbeat heartbeat = begun();
  for (u64 pulse = 0; pulse < 1000; pulse++) {
    for (u32 i = 0; i < kLooks; i++) heartbeat.look(pulse, Heartbeat::kFree, 0);
    EXPECT_FALSE(heartbeat.is_hung(1));
  }
  heartbeat.rest();
  heartbeat.look(999, Heartbeat::kFree, 0);
  EXPECT_FALSE(heartbeat.is_hung(1));
}

TEST(Heartbeat, TheFirstStartMayTakeLonger) {
  Heartbeat heartbeat;
  for (u32 i = 0; i <= Heartbeat::kFirstLooks; i++) heartbeat.look(0, Heartbeat::kFree, 0);
  EXPECT_FALSE(heartbeat.is_hung(1));
  for (u32 i = 0; i < kLooks; i++) heartbeat.look(0, Heartbeat::kFree, 0);
  EXPECT_TRUE(heartbeat.is_hung(1));
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

TEST(Heartbeat, PatienceIsAMultiple) {
  Heartbeat heartbeat = begun();
  for (u32 i = 0; i <= kLooks; i++) heartbeat.look(7, Heartbeat::kFree, 0);
  EXPECT_TRUE(heartbeat.is_hung(1));
  EXPECT_FALSE(heartbeat.is_hung(2));
}

TEST(Looks, AreDueInEqualIntervals) {
  Looks looks;
  EXPECT_EQ(looks.take(1'000'000), Looks::Due::No);
  looks.initialize(1000);
  EXPECT_EQ(looks.take(50'000), Looks::Due::Yes);  // the first one is never late
  EXPECT_EQ(looks.next(), 51'000u);
  EXPECT_EQ(looks.take(50'999), Looks::Due::No);
  EXPECT_EQ(looks.take(51'500), Looks::Due::Yes);
  looks.put_off(52'000, 3);
  EXPECT_EQ(looks.take(54'999), Looks::Due::No);
  EXPECT_EQ(looks.take(55'000), Looks::Due::Yes);
}

TEST(Looks, AMachineThatStandsStillIsGivenTime) {
  Looks looks;
  looks.initialize(1000);
  EXPECT_EQ(looks.take(1), Looks::Due::Yes);
  u64 time = 1;
  // At the start it says nothing.
  EXPECT_EQ(looks.take(time += 1501), Looks::Due::Late);
  EXPECT_EQ(looks.patience(), 1u);
  for (u32 i = 2; i < Looks::kBeginning; i++) EXPECT_EQ(looks.take(time += 1000), Looks::Due::Yes);
  for (u32 i = 0; i < 10; i++) EXPECT_EQ(looks.take(time += 1501), Looks::Due::Late);
  EXPECT_EQ(looks.patience(), Looks::kMostPatience);
  EXPECT_EQ(Looks::weight_of(Looks::Due::Late, Heartbeat::kFree), Heartbeat::kHindered);
  EXPECT_EQ(Looks::weight_of(Looks::Due::Late, Heartbeat::kInCall), Heartbeat::kInCall);
  EXPECT_EQ(Looks::weight_of(Looks::Due::Yes, Heartbeat::kFree), Heartbeat::kFree);
  EXPECT_EQ(looks.take(time += 1000), Looks::Due::Yes);
  EXPECT_EQ(looks.patience(), Looks::kMostPatience);
  for (u64 end = time + 7 * Looks::kCalm; time < end;) looks.take(time += 1000);
  EXPECT_EQ(looks.patience(), 1u);
}

}  // namespace
}  // namespace pith
