// The state in a vault: begun once, found again, begun anew when it is nonsense, and made of an earlier version's in one step.
#include "lib/vault/state.h"

#include <gtest/gtest.h>

#include <vector>

#include "lib/log.h"
#include "tests/host/single_step.h"
#include "tests/host/vault_memory.h"

namespace pith {

namespace {

u32 warnings;

}  // namespace

void log_line(LogLevel, const char*, ...) { warnings++; }

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

namespace vault {
namespace {

constexpr u64 kVaultSize = 8192, kLogSize = kFirstEntry - kLogAddress + 8192;

struct First {
  static constexpr u64 kLayout = 1;
  u64 count;
  u64 complement;
  char name[40];

  void begin() { set(7); }
  bool check() const { return count == ~complement; }
  void set(u64 value) {
    count = value;
    complement = ~value;
  }
};

struct Second {
  using Before = First;
  static constexpr u64 kLayout = 2;
  char name[40];
  u64 count, migrations;

  void begin() { count = 9; }
  void migrate(const Before& before) {
    memcpy(name, before.name, sizeof name);
    count = before.count;
    migrations++;
  }
};

/// Has no way from anything.
struct Third {
  static constexpr u64 kLayout = 3;
  u64 count;
  void begin() { count = 11; }
};

/// More than the log holds.
struct Huge {
  using Before = First;
  static constexpr u64 kLayout = 4;
  u64 words[600];
  void begin() {}
  void migrate(const Before&) {}
};

class StateTest : public testing::Test {
 protected:
  FixedMemory start_memory{kStartInformation, kPageSize}, vault_memory{kAddress, kVaultSize}, log_memory{kLogAddress, kLogSize};

  void SetUp() override {
    auto& start = *reinterpret_cast<StartInformation*>(kStartInformation);
    start.vault_size = kVaultSize;
    start.undo_log_size = kLogSize;
    warnings = 0;
  }

  [[gnu::section(".text.unlogged"), gnu::noinline]] static void damage(u64 offset) {
    *reinterpret_cast<volatile u64*>(kAddress + offset) ^= 0x100;
  }

  static First* first_with(u64 count) {
    First* state = *open_state<First>();
    EXPECT_TRUE(run_event([&]() -> Result<void> {
      state->set(count);
      strcpy(state->name, "somebody");
      return {};
    }));
    return state;
  }
};

TEST_F(StateTest, IsBegunOnceAndFoundAgain) {
  EXPECT_EQ((*open_state<First>())->count, 7u);
  first_with(20);
  EXPECT_EQ((*open_state<First>())->count, 20u);
  EXPECT_EQ(warnings, 0u);
}

TEST_F(StateTest, BeginsAnewWhenItsLayoutIsUnknown) {
  first_with(20);
  damage(0);
  EXPECT_EQ((*open_state<First>())->count, 7u);
  EXPECT_STREQ((*open_state<First>())->name, "");
  EXPECT_EQ(warnings, 1u);
}

TEST_F(StateTest, BeginsAnewWhenItsOwnCheckSaysSo) {
  first_with(20);
  damage(kStateOffset);
  EXPECT_EQ((*open_state<First>())->count, 7u);
  EXPECT_EQ(warnings, 1u);
}

TEST_F(StateTest, IsMadeOfTheOneBefore) {
  first_with(20);
  Second* state = *open_state<Second>();
  EXPECT_EQ(state->count, 20u);
  EXPECT_STREQ(state->name, "somebody");
  EXPECT_EQ(state->migrations, 1u);
  EXPECT_EQ((*open_state<Second>())->migrations, 1u);
  EXPECT_EQ(warnings, 0u);
}

TEST_F(StateTest, IsNotMadeOfADamagedOne) {
  first_with(20);
  damage(kStateOffset);
  EXPECT_EQ((*open_state<Second>())->count, 9u);
  EXPECT_EQ(warnings, 1u);
}

TEST_F(StateTest, AStrangersStateIsNotKept) {
  first_with(20);
  EXPECT_EQ((*open_state<Third>())->count, 11u);
  EXPECT_EQ(warnings, 1u);
}

TEST_F(StateTest, OneThatTheLogDoesNotHoldIsNotMade) {
  first_with(20);
  EXPECT_EQ(open_state<Huge>().error(), Error::NoSpace);
  EXPECT_EQ((*open_state<First>())->count, 20u);
}

TEST_F(StateTest, WhereverItIsCutOffTheStateIsTheOldOrTheNew) {
  first_with(20);
  std::vector<std::byte> before = copy_of(kAddress, kVaultSize);
  u64 olds = 0, news = 0;
  auto look = [&] {
    std::vector<std::byte> vault = copy_of(kAddress, kVaultSize), log = copy_of(kLogAddress, kLogSize);
    ASSERT_TRUE(roll_back({vault, log}));
    u64 layout;
    memcpy(&layout, vault.data(), sizeof layout);
    if (layout == First::kLayout) {
      EXPECT_EQ(vault, before);
      EXPECT_EQ(news, 0u);
      olds++;
    } else {
      Second state;
      memcpy(&state, vault.data() + kStateOffset, sizeof state);
      EXPECT_EQ(layout, Second::kLayout);
      EXPECT_EQ(state.count, 20u);
      news++;
    }
  };
  SingleStep::run([&] { (void)open_state<Second>(); }, look);
  EXPECT_GT(olds, 50u);
  EXPECT_GT(news, 0u);
}

}  // namespace
}  // namespace vault
}  // namespace pith
