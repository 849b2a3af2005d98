// Tests root's lists of untyped memory.
#include "servers/root/frames.h"

#include <gtest/gtest.h>

#include <memory>

#include "abi/error.h"

namespace pith::root {
namespace {

struct Fixture : testing::Test {
  std::unique_ptr<BootInformation> boot = std::make_unique<BootInformation>();
  FrameBank bank;

  void SetUp() override {
    boot->range_count = 3;
    boot->untyped[0] = {10, 5};
    boot->untyped[1] = {100, 0};
    boot->untyped[2] = {200, 50};
    bank.initialize(*boot);
  }
};

TEST_F(Fixture, TakesAcrossRuns) {
  InstanceFrames list;
  ASSERT_TRUE(bank.take(8, list));
  EXPECT_EQ(list.count(), 2u);
  EXPECT_EQ(list.total(), 8u);
  EXPECT_EQ(bank.available(), 47u);
  for (u32 frame : {10, 11, 12, 13, 14, 200, 201, 202}) EXPECT_EQ(list.take()->raw, frame);
  EXPECT_EQ(list.take().error(), Error::NoMemory);
  list.reset();
  EXPECT_EQ(list.take()->raw, 10u);
}

TEST_F(Fixture, TakesNothingWhenThereIsNotEnough) {
  InstanceFrames list;
  EXPECT_EQ(bank.take(56, list).error(), Error::NoMemory);
  EXPECT_EQ(bank.available(), 55u);
  EXPECT_EQ(list.count(), 0u);
}

TEST_F(Fixture, JoinsNeighbours) {
  ServiceFrames list;
  ASSERT_TRUE(bank.take(2, list));
  ASSERT_TRUE(bank.take(2, list));
  EXPECT_EQ(list.count(), 1u);
}

TEST_F(Fixture, GivesTheRestAsRuns) {
  InstanceFrames list;
  ASSERT_TRUE(bank.take(10, list));
  (void)list.take();
  FrameRange rest[4];
  ASSERT_EQ(list.take_rest(rest, 4), 2u);
  EXPECT_EQ(rest[0].first, 11u);
  EXPECT_EQ(rest[0].count, 4u);
  EXPECT_EQ(rest[1].first, 200u);
  EXPECT_EQ(rest[1].count, 5u);
  EXPECT_EQ(list.take().error(), Error::NoMemory);
}

}  // namespace
}  // namespace pith::root
