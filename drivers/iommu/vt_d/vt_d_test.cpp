// Tests of the unit's tables, as it walks them, and of its commands.
#include <gtest/gtest.h>

#include <memory>

#include "abi/error.h"
#include "drivers/iommu/vt_d/fake_unit.h"
#include "lib/random.h"

namespace pith::vt_d {
namespace {

constexpr u64 kPhysical = 0x1ff0'0000, kPages = 40;

struct alignas(kPageSize) Memory {
  std::byte bytes[kPages * kPageSize];
};

struct Fixture : testing::Test {
  std::unique_ptr<Memory> memory = std::make_unique<Memory>();
  Tables tables{memory->bytes, kPhysical};
  FakeUnit fake;
  Unit unit{fake};

  void SetUp() override {
    fake.memory = memory->bytes;
    fake.physical = kPhysical;
    memset(memory->bytes, 0xff, sizeof memory->bytes);  // what an instance before has left
  }
  Result<void> switch_on() { return unit.switch_on(tables.root(), tables.bytes()); }
};

TEST_F(Fixture, LetsADeviceReachItsRangesAndNothingElse) {
  for (u32 levels : {3u, 4u}) {
    ASSERT_TRUE(tables.begin(levels));
    const Range first[] = {{0x10'0000, 0x3000}, {0x3fff'f000, 0x2000}}, second[] = {{0x20'0000, 0x1000}};
    ASSERT_TRUE(tables.add_domain(16, first));
    ASSERT_TRUE(tables.add_domain(24, second));
    ASSERT_TRUE(switch_on());
    for (u64 page : {0x10'0000, 0x10'2000, 0x3fff'f000, 0x4000'0000}) EXPECT_TRUE(fake.lets(0, 16, page)) << page;
    for (u64 page : {0x0, 0xf'f000, 0x10'3000, 0x3fff'e000, 0x4000'1000, 0x20'0000}) EXPECT_FALSE(fake.lets(0, 16, page)) << page;
    EXPECT_FALSE(fake.lets(0, 16, kPhysical));
    EXPECT_FALSE(fake.lets(0, 16, u64{1} << 40));
    EXPECT_TRUE(fake.lets(0, 24, 0x20'0abc));
    EXPECT_FALSE(fake.lets(0, 24, 0x10'0000));
    EXPECT_NE(fake.domain(16), fake.domain(24));
    for (u32 function : {0u, 8u, 17u, 255u}) EXPECT_FALSE(fake.lets(0, function, 0x10'0000));
    EXPECT_FALSE(fake.lets(1, 16, 0x10'0000));
    EXPECT_FALSE(fake.lets(255, 16, 0x10'0000));
  }
}

TEST_F(Fixture, HasTheSameTablesAsASetOfPages) {
  Random random(1);
  for (int round = 0; round < 200; round++) {
    ASSERT_TRUE(tables.begin(3));
    Range ranges[3];
    for (Range& range : ranges) range = {random.below(0x3000) * kPageSize, random.below(0x300) * kPageSize};
    ASSERT_TRUE(tables.add_domain(5, ranges));
    ASSERT_TRUE(switch_on());
    for (int i = 0; i < 2'000; i++) {
      u64 page = random.below(0x3400) * kPageSize;
      bool is_in = false;
      for (const Range& range : ranges) is_in = is_in || (page >= range.first && page - range.first < range.size);
      ASSERT_EQ(fake.lets(0, 5, page + random.below(kPageSize)), is_in) << page;
    }
  }
}

TEST_F(Fixture, RefusesWhatCannotBe) {
  ASSERT_TRUE(tables.begin(3));
  auto add = [&](u64 first, u64 size) {
    const Range range[] = {{first, size}};
    return tables.add_domain(1, range).error();
  };
  EXPECT_EQ(add(0x800, 0x1000), Error::BadArgument);
  EXPECT_EQ(add(0x1000, 0x800), Error::BadArgument);
  EXPECT_EQ(add(u64{1} << 39, 0x1000), Error::BadArgument);
  EXPECT_EQ(add((u64{1} << 39) - 0x1000, 0x2000), Error::BadArgument);
  EXPECT_EQ(add(0x1000, ~u64{0xfff}), Error::BadArgument);
  EXPECT_EQ(tables.add_domain(256, {}).error(), Error::BadArgument);
  ASSERT_TRUE(switch_on());
  EXPECT_FALSE(fake.lets(0, 1, 0x1000));  // nothing of what was refused
  EXPECT_EQ(add((u64{1} << 39) - 0x1000, 0x1000), kSuccess);
  EXPECT_EQ(add(0x1000, 0x1000), Error::Occupied);
}

TEST_F(Fixture, SaysWhenTheMemoryIsTooSmall) {
  for (u64 pages = 0; pages < 6; pages++) {
    Tables few({memory->bytes, pages * kPageSize}, kPhysical);
    const Range range[] = {{0x10'0000, 0x1000}};
    Result<void> made = few.begin(3);
    if (made) made = few.add_domain(3, range);
    EXPECT_EQ(made ? kSuccess : made.error(), pages < 5 ? Error::NoMemory : kSuccess) << pages;
    if (pages >= 2 && pages < 5) {
      ASSERT_TRUE(unit.switch_on(few.root(), few.bytes()));
      EXPECT_FALSE(fake.lets(0, 3, 0x10'0000));
    }
  }
}

TEST_F(Fixture, SwitchesOnInOrder) {
  ASSERT_TRUE(tables.begin(*unit.levels()));
  EXPECT_FALSE(unit.translates_by(tables.root()));
  ASSERT_TRUE(switch_on());
  const std::vector<u32> expected{u32{1} << 27, u32{1} << 30, 1, 2, u32{1} << 31};
  EXPECT_EQ(fake.order, expected);
  EXPECT_TRUE(unit.translates_by(tables.root()));
  EXPECT_FALSE(unit.translates_by(tables.root() + kPageSize));
}

TEST_F(Fixture, KnowsWhatAUnitCanDo) {
  EXPECT_EQ(unit.levels().value_or(0), 3u);
  fake.capabilities = (fake.capabilities & ~u64{1 << 9}) | 1 << 10;
  EXPECT_EQ(unit.levels().value_or(0), 4u);
  fake.capabilities &= ~u64{1 << 10};
  EXPECT_EQ(unit.levels().error(), Error::NotSupported);
  fake.capabilities = u64{0x100} << 24 | 1 << 9;  // fault records behind the page
  EXPECT_EQ(unit.levels().error(), Error::NotSupported);
  fake.capabilities = u64{0x22} << 24 | u64{0xff} << 40 | 1 << 9;
  EXPECT_EQ(unit.levels().error(), Error::NotSupported);
  fake.capabilities = ~u64{0};
  EXPECT_EQ(unit.levels().error(), Error::NotSupported);
}

TEST_F(Fixture, DoesNotWaitForEver) {
  ASSERT_TRUE(tables.begin(3));
  fake.capabilities &= ~u64{1 << 4};
  fake.is_stuck = true;
  EXPECT_EQ(switch_on().error(), Error::TimedOut);
  EXPECT_FALSE(fake.is_on);
}

TEST_F(Fixture, TellsFaults) {
  EXPECT_FALSE(unit.take_fault());
  fake.faults = {{16, 0x1234'5000, 5, Access::Write}, {0x1ff, 0x1000, 6, Access::Read}};
  fake.has_lost = true;
  auto first = unit.take_fault(), second = unit.take_fault();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->function, 16u);
  EXPECT_EQ(first->address, 0x1234'5000u);
  EXPECT_EQ(first->reason, 5u);
  EXPECT_EQ(first->access, Access::Write);
  EXPECT_EQ(second->function, 0x1ffu);
  EXPECT_EQ(second->access, Access::Read);
  EXPECT_FALSE(unit.take_fault());
  EXPECT_FALSE(fake.has_lost);
}

}  // namespace
}  // namespace pith::vt_d
