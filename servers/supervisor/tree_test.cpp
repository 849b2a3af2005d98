// Tests of who begins anew after a failure, and of when that is too often.
#include "servers/supervisor/tree.h"

#include <gtest/gtest.h>

#include <vector>

#include "lib/clock.h"

namespace pith::supervisor {
namespace {

using image::Strategy;

image::Group group(Strategy strategy, u32 parent, u32 restarts = 3, u64 period = kSecond) {
  image::Group made{};
  made.strategy = strategy;
  made.parent = parent;
  made.restarts = restarts;
  made.period = period;
  return made;
}

/// A tree whose component N + 1 is in the N-th of the given groups.
struct Sample {
  Sample(const std::vector<u32>& groups_of_components, const std::vector<image::Group>& groups)
      : groups_(groups), components_(in_groups(groups_of_components)) {}

  static std::vector<image::Component> in_groups(const std::vector<u32>& numbers) {
    std::vector<image::Component> components(1 + numbers.size());
    for (usize i = 0; i < numbers.size(); i++) components[i + 1].group = numbers[i];
    return components;
  }

  std::vector<image::Group> groups_;
  std::vector<image::Component> components_;
  Tree::History history_{};
  Tree tree{components_, groups_, history_};
};

Members set(std::vector<u32> members) {
  Members all = 0;
  for (u32 one : members) all |= member(one);
  return all;
}

TEST(Tree, OneAlone) {
  Sample sample({0, 0, 0}, {group(Strategy::One, 0)});
  Verdict verdict = sample.tree.failed(2, 1);
  EXPECT_FALSE(verdict.is_end);
  EXPECT_EQ(verdict.restarted, set({2}));
}

TEST(Tree, AllOrTheRestOfTheGroup) {
  Sample sample({0, 1, 1, 1, 2, 2, 2}, {group(Strategy::One, 0), group(Strategy::All, 0), group(Strategy::Rest, 0)});
  EXPECT_EQ(sample.tree.failed(3, 1).restarted, set({2, 3, 4}));
  EXPECT_EQ(sample.tree.failed(5, 1).restarted, set({5, 6, 7}));
  EXPECT_EQ(sample.tree.failed(6, 1).restarted, set({6, 7}));
  EXPECT_EQ(sample.tree.failed(7, 1).restarted, set({7}));
  EXPECT_EQ(sample.tree.failed(1, 1).restarted, set({1}));
}

TEST(Tree, GroupsInAGroupAreItsChildren) {
  // 1 in the middle; 2 and 4 in its inner group, which stands before 3 and behind 1.
  Sample sample({1, 2, 1, 2, 0}, {group(Strategy::One, 0), group(Strategy::Rest, 0), group(Strategy::One, 1)});
  EXPECT_EQ(sample.tree.members_of(1), set({1, 2, 3, 4}));
  EXPECT_EQ(sample.tree.failed(1, 1).restarted, set({1, 2, 3, 4}));
  EXPECT_EQ(sample.tree.failed(3, 1).restarted, set({3}));
  EXPECT_EQ(sample.tree.failed(4, 1).restarted, set({4}));
}

TEST(Tree, TooOftenIsTheGroupsFailure) {
  Sample sample({0, 1, 1, 1}, {group(Strategy::One, 0), group(Strategy::One, 0, 2)});
  EXPECT_EQ(sample.tree.failed(2, 10).restarted, set({2}));
  EXPECT_EQ(sample.tree.failed(3, 20).restarted, set({3}));
  Verdict verdict = sample.tree.failed(2, 30);
  EXPECT_EQ(verdict.restarted, set({2, 3, 4}));
  EXPECT_EQ(verdict.group, 0u);
  // The group began anew, its history with it.
  EXPECT_EQ(sample.tree.failed(2, 40).restarted, set({2}));
}

TEST(Tree, TheParentsStrategyDecidesThen) {
  Sample sample({1, 2, 2, 1, 0}, {group(Strategy::One, 0), group(Strategy::Rest, 0), group(Strategy::One, 1, 1)});
  EXPECT_EQ(sample.tree.failed(3, 10).restarted, set({3}));
  EXPECT_EQ(sample.tree.failed(3, 20).restarted, set({2, 3, 4}));
}

TEST(Tree, TheOutermostEndsTheMachine) {
  Sample sample({1, 1}, {group(Strategy::One, 0, 2), group(Strategy::One, 0, 1)});
  u32 whole = 0, single = 0;
  for (u64 time = 1; time < 10; time++) {
    Verdict verdict = sample.tree.failed(1, time);
    if (verdict.is_end) break;
    (verdict.restarted == set({1, 2}) ? whole : single)++;
  }
  // Twice the group as a whole, and one restart before each of these and before the end.
  EXPECT_EQ(whole, 2u);
  EXPECT_EQ(single, 3u);
}

TEST(Tree, QuietTimeForgets) {
  Sample sample({0}, {group(Strategy::One, 0, 2, kSecond)});
  EXPECT_FALSE(sample.tree.failed(1, 5).is_end);
  EXPECT_FALSE(sample.tree.failed(1, 6).is_end);
  EXPECT_FALSE(sample.tree.failed(1, 5 + kSecond).is_end);
  EXPECT_TRUE(sample.tree.failed(1, 5 + kSecond).is_end);
}

TEST(Tree, WhatCannotBeRestartedIsItsParentsMatter) {
  Sample sample({1, 1, 0}, {group(Strategy::One, 0), group(Strategy::One, 0)});
  EXPECT_EQ(sample.tree.group_failed(1, 1).restarted, set({1, 2}));
  EXPECT_TRUE(sample.tree.group_failed(0, 1).is_end);
}

TEST(Intensity, AllowsExactlySoManyInEachPeriod) {
  Intensity intensity;
  std::vector<u64> allowed;
  for (u64 time = 1; time < 1000; time += 3) {
    if (intensity.count(time, 5, 100)) allowed.push_back(time);
  }
  for (usize i = 5; i < allowed.size(); i++) EXPECT_GE(allowed[i] - allowed[i - 5], 100u);
  EXPECT_GE(allowed.size(), 45u);
  EXPECT_FALSE(intensity.count(2000, 0, 100));
}

}  // namespace
}  // namespace pith::supervisor
