// What root does with a log that says nonsense: nothing.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "abi/error.h"
#include "lib/vault/undo_log.h"

namespace pith::vault {
namespace {

constexpr u64 kHeader = kFirstEntry - kLogAddress;

class RollBackTest : public testing::Test {
 protected:
  void SetUp() override {
    for (usize i = 0; i < vault.size(); i++) vault[i] = std::byte(i);
    write_header({kFirstEntry, kLogAddress + log.size(), Progress::of(9, Phase::InEvent)});
  }

  void write_header(const UndoLog& header) { memcpy(log.data(), &header, sizeof header); }
  void write_entry(u64 number, const UndoEntry& entry) { memcpy(log.data() + kHeader + number * sizeof entry, &entry, sizeof entry); }
  /// An event that stored to these words, which held these values.
  void write_event(const std::vector<std::pair<u64, u64>>& words) {
    u64 number = 0;
    for (auto [address, value] : words) write_entry(number++, {address, value, check_of(address, value)});
    write_header({kFirstEntry + number * sizeof(UndoEntry), kLogAddress + log.size(), Progress::of(9, Phase::InEvent)});
  }
  u64 word(u64 number) const {
    u64 value;
    memcpy(&value, vault.data() + number * sizeof value, sizeof value);
    return value;
  }
  /// It is refused, and nothing has changed.
  void expect_refused() {
    std::vector<std::byte> before = vault;
    EXPECT_EQ(roll_back({vault, log}).error(), Error::Damaged);
    EXPECT_EQ(vault, before);
  }

  std::vector<std::byte> vault = std::vector<std::byte>(256), log = std::vector<std::byte>(kHeader + 10 * sizeof(UndoEntry));
};

TEST_F(RollBackTest, TheOldestValueOfAWordIsLeft) {
  write_event({{kAddress + 8, 1}, {kAddress + 16, 2}, {kAddress + 8, 3}});
  Result<u64> restored = roll_back({vault, log});
  ASSERT_TRUE(restored);
  EXPECT_EQ(*restored, 3u);
  EXPECT_EQ(word(1), 1u);
  EXPECT_EQ(word(2), 2u);
}

TEST_F(RollBackTest, TwiceIsTheSame) {
  write_event({{kAddress, 7}, {kAddress + 248, 9}});
  ASSERT_TRUE(roll_back({vault, log}));
  std::vector<std::byte> once = vault;
  ASSERT_TRUE(roll_back({vault, log}));
  EXPECT_EQ(vault, once);
}

TEST_F(RollBackTest, NothingIsDoneOutsideOfAnEvent) {
  for (Phase phase : {Phase::Idle, Phase::Committed, Phase::Reading}) {
    write_event({{kAddress, 7}});
    write_header({kFirstEntry + sizeof(UndoEntry), 0, Progress::of(9, phase)});
    std::vector<std::byte> before = vault;
    Result<u64> restored = roll_back({vault, log});
    ASSERT_TRUE(restored);
    EXPECT_EQ(*restored, 0u);
    EXPECT_EQ(vault, before);
  }
}

TEST_F(RollBackTest, AnAddressOutsideOfTheVaultIsRefused) {
  for (u64 address : {kAddress - 8, kAddress + 256, kAddress + 249, kAddress + 1, kLogAddress, u64{0}, ~u64{0} - 7, ~u64{0}}) {
    write_event({{kAddress, 7}, {address, 9}});
    expect_refused();
  }
}

TEST_F(RollBackTest, AnEntryThatIsNotWholeIsRefused) {
  write_event({{kAddress, 7}, {kAddress + 8, 9}});
  write_entry(1, {kAddress + 8, 9, check_of(kAddress + 8, 10)});
  expect_refused();
}

TEST_F(RollBackTest, AnEndThatIsNoEntrysIsRefused) {
  for (u64 next : {u64{0}, kFirstEntry - sizeof(UndoEntry), kFirstEntry + 1, kFirstEntry + 11 * sizeof(UndoEntry), ~u64{0}}) {
    write_header({next, 0, Progress::of(9, Phase::InEvent)});
    expect_refused();
  }
}

TEST_F(RollBackTest, ABeginningThatNoInstanceLeavesIsRefused) {
  for (Phase phase : {Phase::Idle, Phase::Committed, Phase::Reading, Phase::InEvent}) {
    write_header({kFirstEntry, kLogAddress + 1, Progress::of(9, phase)});
    expect_refused();
    write_header({0x1234'5678'9abc, 0, Progress::of(9, phase)});
    expect_refused();
  }
  write_header({0, kLogAddress + log.size(), Progress{0}});
  expect_refused();
}

TEST_F(RollBackTest, ANewLogIsWhole) {
  write_header({0, 0, Progress{0}});
  EXPECT_TRUE(roll_back({vault, log}));
}

TEST_F(RollBackTest, ALogThatIsTooShortIsRefused) {
  log.resize(kHeader - 1);
  expect_refused();
}

TEST_F(RollBackTest, WhateverIsWrittenToTheLogNothingElseIsTouched) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; round++) {
    write_event({{kAddress, 7}, {kAddress + 8, 9}, {kAddress + 16, 11}});
    for (u64 change = random() % 3 + 1; change > 0; change--) log[random() % log.size()] = std::byte(random());
    (void)roll_back({vault, log});  // the sanitizers look on
  }
}

}  // namespace
}  // namespace pith::vault
