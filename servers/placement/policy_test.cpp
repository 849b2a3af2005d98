// Tests of the policy: everything is used, nothing fixed moves, nothing moves for nothing.
#include "servers/placement/policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace pith::placement {
namespace {

constexpr u64 kSecond = 1'000'000'000;

std::vector<u64> sums(const std::vector<Load>& loads, u32 cpus) {
  std::vector<u64> sum(cpus);
  for (const Load& load : loads) sum.at(load.wanted) += load.used;
  return sum;
}

TEST(Policy, OneCpuHasEverything) {
  std::vector<Load> loads(5, Load{kSecond / 10, 0, true, 7});
  EXPECT_EQ(plan(loads, 1), 0u);
  for (const Load& load : loads) EXPECT_EQ(load.wanted, 0u);
}

TEST(Policy, IdleComponentsAreSpread) {
  for (u32 cpus : {2u, 4u}) {
    std::vector<Load> loads(8, Load{0, 0, true, 0});
    EXPECT_GT(plan(loads, cpus), 0u);
    std::vector<u32> count(cpus);
    for (const Load& load : loads) count.at(load.wanted)++;
    for (u32 on_one : count) EXPECT_EQ(on_one, 8 / cpus);
  }
}

TEST(Policy, WhatIsFixedStaysAndCounts) {
  std::vector<Load> loads{{kSecond, 0, false, 0}, {kSecond / 2, 0, true, 0}, {kSecond / 2, 0, true, 0}};
  EXPECT_EQ(plan(loads, 2), 2u);
  EXPECT_EQ(loads[0].wanted, 0u);
  EXPECT_EQ(loads[1].wanted, 1u);
  EXPECT_EQ(loads[2].wanted, 1u);
}

TEST(Policy, ASpreadThatIsGoodEnoughStays) {
  std::vector<Load> loads{{kSecond, 0, true, 0}, {kSecond * 9 / 10, 1, true, 0}, {kSecond / 20, 0, true, 0}};
  EXPECT_EQ(plan(loads, 2), 0u);
  EXPECT_EQ(loads[1].wanted, 1u);
}

TEST(Policy, NeverWorseThanFourThirds) {
  u64 random = 7;
  for (u32 round = 0; round < 200; round++) {
    std::vector<Load> loads;
    u64 total = 0, largest = 0;
    for (u32 i = 0; i < 12; i++) {
      random = random * 6364136223846793005 + 1442695040888963407;
      u64 used = (random >> 33) % kSecond + 50'000'000;
      loads.push_back({used, 0, true, 0});
      total += used;
      largest = std::max(largest, used);
    }
    plan(loads, 4);
    std::vector<u64> sum = sums(loads, 4);
    u64 best = std::max(total / 4, largest);
    EXPECT_LE(*std::max_element(sum.begin(), sum.end()), best * 3 / 2);
  }
}

}  // namespace
}  // namespace pith::placement
