// Tests of the bus's windows on physical memory, which outlive the instance that got them.
#include "servers/bus/windows.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "abi/error.h"
#include "lib/random.h"

namespace pith::bus {
namespace {

struct Death {};

/// Root: gives each window once, and no main memory.
struct Root {
  std::map<u64, std::pair<u64, u64>> windows;
  u64 memory_end = 0x2000'0000;
  int calls_left = -1;  // until the caller dies: just before the call, or just after it
  enum class When { Before, After } when = When::Before;

  Result<void> give(u64 window, u64 first, u64 size) {
    if (calls_left == 0 && when == When::Before) throw Death();
    Result<void> result = answer(window, first, size);
    if (calls_left-- == 0) throw Death();
    return result;
  }
  Result<void> answer(u64 window, u64 first, u64 size) {
    if (first < memory_end) return Error::BadArgument;
    if (!windows.emplace(window, std::pair(first, size)).second) return Error::Occupied;
    return {};
  }
};

class TestWindows final : public Windows {
 public:
  TestWindows(Root& root, GivenWindows& given) : Windows(given), root_(root) {}
  /// Physical address that a place shows.
  u64 physical(const std::byte* at) const {
    u64 address = u64(at) - kBase;
    auto [first, size] = root_.windows.at(address / kStep);
    EXPECT_LT(address % kStep, size);
    return first + address % kStep;
  }

 private:
  static constexpr u64 kBase = u64{1} << 40, kStep = u64{1} << 21;
  Result<void> give(u64 window, u64 first, u64 size) override { return root_.give(window, first, size); }
  std::byte* place(u64 window) override { return reinterpret_cast<std::byte*>(kBase + window * kStep); }
  Root& root_;
};

struct Fixture : testing::Test {
  Root root;
  std::unique_ptr<GivenWindows> given = std::make_unique<GivenWindows>();

  void expect_shown(u64 address, u64 size) {
    TestWindows windows(root, *given);
    auto bytes = windows.show(address, size);
    ASSERT_EQ(bytes.size(), size);
    EXPECT_EQ(windows.physical(bytes.data()), address);
  }
};

TEST_F(Fixture, ShowsWhatIsAskedForAndMore) {
  expect_shown(0xb000'0000, 4096);
  expect_shown(0xb000'5000, 4096);
  expect_shown(0xb001'fff0, 16);
  EXPECT_EQ(root.windows.size(), 1u);
  expect_shown(0xb001'fff8, 36);  // over the end of the first
  EXPECT_EQ(root.windows.size(), 2u);
}

TEST_F(Fixture, ShowsPagesBesideMainMemory) {
  root.memory_end = 0x1ffe'2000;
  expect_shown(0x1ffe'2080, 100);
  EXPECT_EQ(root.windows[0].second, 4096u);
  expect_shown(0x1ffe'3ff0, 36);
  EXPECT_TRUE(TestWindows(root, *given).show(0x1ffe'1000, 16).empty());
}

TEST_F(Fixture, RefusesWhatCannotBe) {
  TestWindows windows(root, *given);
  EXPECT_TRUE(windows.show(0xb000'0000, 4097).empty());
  EXPECT_TRUE(windows.show(~u64{0}, 16).empty());
  EXPECT_TRUE(windows.show(0x1000, 16).empty());
}

TEST_F(Fixture, EndsWhenThereAreNoWindowsLeft) {
  TestWindows windows(root, *given);
  u64 shown = 0;
  for (u64 i = 0; i < 1000; i++) shown += !windows.show(0xb000'0000 + i * 0x20'0000, 16).empty();
  EXPECT_EQ(shown, GivenWindows::kMost);
  expect_shown(0xb000'0000, 16);
}

/// Every instance asks for something else, in an order of its own, and dies anywhere.
TEST_F(Fixture, NeverTakesOneWindowForAnother) {
  Random random(1);
  for (int round = 0; round < 2'000; round++) {
    root = {};
    *given = {};
    for (int instance = 0; instance < 10; instance++) {
      root.calls_left = int(random.below(6));
      root.when = random.below(2) ? Root::When::Before : Root::When::After;
      try {
        for (int i = 0; i < 8; i++) expect_shown(0xb000'0000 + random.below(16) * 0x1'1000, 16);
      } catch (Death) {
      }
    }
  }
}

}  // namespace
}  // namespace pith::bus
