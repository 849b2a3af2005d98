// Words of a command line as a plan.
#include "tests/fault/plan.h"

#include <gtest/gtest.h>

namespace pith::torture {

TEST(Plan, ReadsWhatIsThere) {
  Plan plan;
  read("exec seed=77 faults=12 kinds=hang,bitflip,none,nonsense targets=bank,log poweroff", plan);
  EXPECT_EQ(plan.seed, 77u);
  EXPECT_EQ(plan.faults, 12u);
  ASSERT_EQ(plan.kind_count, 2u);
  EXPECT_EQ(plan.kinds[0], root::Fault::Hang);
  EXPECT_EQ(plan.kinds[1], root::Fault::BitFlip);
  EXPECT_TRUE(plan.has_target("bank"));
  EXPECT_TRUE(plan.has_target("log"));
  EXPECT_FALSE(plan.has_target("lo"));
  EXPECT_FALSE(plan.has_target("clock"));
}

TEST(Plan, KeepsWhatIsNotThere) {
  Plan plan;
  read("faults=5", plan);
  read("exec morefaults=9 seed= seed=1x", plan);
  EXPECT_EQ(plan.seed, 1u);
  EXPECT_EQ(plan.faults, 5u);
  ASSERT_EQ(plan.kind_count, 1u);
  EXPECT_EQ(plan.kinds[0], root::Fault::Kill);
  EXPECT_TRUE(plan.has_target("clock"));
}

TEST(Plan, ValuesEndAtBlanks) {
  EXPECT_EQ(value_of("a=b c=d", "a"), "b");
  EXPECT_EQ(value_of("a=b c=d", "c"), "d");
  EXPECT_EQ(value_of("", "c"), "");
  EXPECT_EQ(value_of("c", "c"), "");
}

}  // namespace pith::torture
