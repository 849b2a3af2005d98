// Events, compiled as in a transactional component: wherever the program is cut off, the vault can be made to hold all of an event or
// nothing of it.
#include "lib/vault/event.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include "abi/error.h"
#include "lib/ipc/ipc.h"
#include "lib/log.h"
#include "tests/host/single_step.h"
#include "tests/host/vault_memory.h"

namespace pith::vault {
namespace {

constexpr u64 kVaultSize = 8192, kLogSize = kFirstEntry - kLogAddress + 8192;

/// What the events here work on: of each kind of store something.
struct Accounts {
  static constexpr u32 kCount = 16;
  u64 balance[kCount];
  char name[kCount][24];
  u8 flags[kCount];
  u32 transfers;
  u16 last_from, last_to;
  u64 counter;
  char line[300];
};
static_assert(sizeof(Accounts) < kVaultSize);

Accounts& accounts() { return *reinterpret_cast<Accounts*>(kAddress); }

class EventTest : public testing::Test {
 protected:
  FixedMemory vault_memory{kAddress, kVaultSize}, log_memory{kLogAddress, kLogSize};

  void SetUp() override { open(kLogSize); }

  /// What root would make of the vault if the instance died now.
  static std::vector<std::byte> vault_after_a_crash() {
    std::vector<std::byte> vault = copy_of(kAddress, kVaultSize), log = copy_of(kLogAddress, kLogSize);
    Result<u64> restored = roll_back({vault, log});
    EXPECT_TRUE(restored) << u32(restored.error());
    return vault;
  }

  struct Crashes {
    u64 befores = 0, afters = 0,
        others = 0;  ///< after how many of them the vault is that from before, that from afterwards, or none of both
    std::vector<std::byte> after;
    Error error;
  };

  /// Runs the event with a crash before each of its instructions, one at a time.
  static Crashes crash_everywhere(const std::function<Result<void>()>& handler) {
    std::vector<std::byte> before = copy_of(kAddress, kVaultSize);
    Crashes crashes;
    auto look = [&] {
      std::vector<std::byte> vault = vault_after_a_crash();
      if (vault == before && crashes.after.empty()) {
        crashes.befores++;
      } else if (vault != before && (crashes.after.empty() || vault == crashes.after)) {
        crashes.after = vault;
        crashes.afters++;
      } else {
        crashes.others++;  // neither, or what was final once is so no more
      }
    };
    Result<void> result;
    u64 steps = SingleStep::run([&] { result = run_event(handler); }, look);
    crashes.error = result.error();
    EXPECT_EQ(steps, crashes.befores + crashes.afters + crashes.others);
    return crashes;
  }

  /// The vault is that from before, and from some instruction on that from afterwards.
  static void expect_all_or_nothing(const std::function<Result<void>()>& handler, Error expected = kSuccess) {
    std::vector<std::byte> before = copy_of(kAddress, kVaultSize);
    Crashes crashes = crash_everywhere(handler);
    EXPECT_EQ(crashes.error, expected);
    EXPECT_EQ(crashes.others, 0u);
    EXPECT_GT(crashes.befores, 10u);
    EXPECT_EQ(crashes.afters > 0, expected == kSuccess);
    EXPECT_EQ(copy_of(kAddress, kVaultSize), expected == kSuccess ? crashes.after : before);
  }
};

struct Line {
  u64 from, to, amount, left;
};
[[gnu::noinline]] Line line_of(u64 from, u64 to) { return {from, to, accounts().balance[from], accounts().balance[to]}; }

/// Nobody else sees that a function writes its result where its caller says.
TEST_F(EventTest, AResultMadeInTheVaultIsAllOrNothing) {
  for (u64 i = 1; i < 4; i++) {
    expect_all_or_nothing([&]() -> Result<void> {
      new (accounts().line + i * sizeof(Line)) Line(line_of(i, i + 1));
      accounts().transfers++;
      return {};
    });
  }
}

[[gnu::noinline]] Result<void> transfer(u32 from, u32 to, u64 amount) {
  Accounts& all = accounts();
  all.balance[from] -= amount;
  all.balance[to] += amount;
  all.flags[from] ^= 1;
  all.transfers++;
  all.last_from = u16(from);
  all.last_to = u16(to);
  __atomic_fetch_add(&all.counter, 1, __ATOMIC_RELAXED);
  return {};
}

TEST_F(EventTest, ATransferIsAllOrNothing) {
  ASSERT_TRUE(run_event([]() -> Result<void> {
    for (u64& balance : accounts().balance) balance = 1000;
    return {};
  }));
  for (u32 i = 0; i < 50; i++) expect_all_or_nothing([&] { return transfer(i % 16, (i * 7 + 3) % 16, i + 1); });
  u64 sum = 0;
  for (u64 balance : accounts().balance) sum += balance;
  EXPECT_EQ(sum, 16 * 1000u);
  EXPECT_EQ(accounts().counter, 50u);
}

TEST_F(EventTest, CopiesAndFillsAreAllOrNothing) {
  std::string text(299, 'x');
  for (usize length : {0, 1, 7, 8, 9, 100, 299}) {
    for (usize shift : {0, 1, 3}) {
      expect_all_or_nothing([&]() -> Result<void> {
        memset(accounts().line, int('a' + length % 20 + shift), sizeof accounts().line);
        memcpy(accounts().line + shift, text.data(), length - std::min(length, shift));
        memmove(accounts().line + 10, accounts().line, length / 2);
        strcpy(accounts().name[length % 16], "somebody");
        accounts().counter++;
        return {};
      });
    }
  }
}

[[clang::no_builtin("memcpy"), gnu::noinline]] void copy_without_builtins(void* to, const void* from, usize length) {
  memcpy(to, from, length);
}

TEST_F(EventTest, CallsOfTheLibraryAreLoggedToo) {
  expect_all_or_nothing([&]() -> Result<void> {
    copy_without_builtins(accounts().line, "something", 10);
    return {};
  });
}

TEST_F(EventTest, WhatAssemblyWritesIsLogged) {
  expect_all_or_nothing([&]() -> Result<void> {
    asm volatile("incq %0\n\tmovw $7, %1" : "+m"(accounts().counter), "=m"(accounts().last_to));
    return {};
  });
}

TEST_F(EventTest, AnErrorTakesEverythingBack) {
  expect_all_or_nothing(
      [&]() -> Result<void> {
        (void)transfer(1, 2, 3);
        return Error::Busy;
      },
      Error::Busy);
}

TEST_F(EventTest, AnAbortedEventTakesEverythingBack) {
  expect_all_or_nothing(
      [&]() -> Result<void> {
        (void)transfer(1, 2, 3);
        abort_event(Error::Again);
      },
      Error::Again);
}

TEST_F(EventTest, AnEventThatStoresMoreThanTheLogHoldsIsAborted) {
  std::vector<std::byte> before = copy_of(kAddress, kVaultSize);
  auto fill = [](u64 words) {
    return run_event([words]() -> Result<void> {
      for (u64 i = 0; i < words; i++) reinterpret_cast<volatile u64*>(kAddress)[i] = i + 1;
      return {};
    });
  };
  constexpr u64 kRoom = (kLogSize - (kFirstEntry - kLogAddress)) / sizeof(UndoEntry);
  EXPECT_EQ(fill(kRoom + 1).error(), Error::NoSpace);
  EXPECT_EQ(copy_of(kAddress, kVaultSize), before);
  auto copy = [](u64 bytes) {
    return run_event([bytes]() -> Result<void> {
      memset(reinterpret_cast<void*>(kAddress), 1, bytes);
      return {};
    });
  };
  EXPECT_EQ(copy(kRoom * 8 + 1).error(), Error::NoSpace);
  EXPECT_EQ(copy_of(kAddress, kVaultSize), before);
  EXPECT_TRUE(fill(kRoom));
  EXPECT_TRUE(copy(kRoom * 8));
}

[[gnu::section(".text.unlogged"), gnu::noinline]] Result<void> transfer_unlogged() {
  accounts().balance[1] -= 5;
  accounts().balance[2] += 5;
  return {};
}

TEST_F(EventTest, WhatIsNotLoggedIsNoticed) { EXPECT_GT(crash_everywhere(transfer_unlogged).others, 0u); }

TEST_F(EventTest, AStoreOutsideOfAnEventEndsTheInstance) {
  EXPECT_DEATH(accounts().counter = 1, "");
  ASSERT_TRUE(run_event([]() -> Result<void> { return transfer(1, 2, 3); }));
  EXPECT_DEATH(accounts().counter = 1, "");
  EXPECT_DEATH(memset(accounts().line, 1, 9), "");
}

TEST_F(EventTest, OutsideOfEventsNothingIsTakenBack) {
  EXPECT_FALSE(is_in_event());
  ASSERT_TRUE(run_event([]() -> Result<void> {
    EXPECT_TRUE(is_in_event());
    return transfer(1, 2, 3);
  }));
  EXPECT_FALSE(is_in_event());
  EXPECT_EQ(vault_after_a_crash(), copy_of(kAddress, kVaultSize));
}

}  // namespace
}  // namespace pith::vault

void pith::log_line(LogLevel, const char*, ...) {}

pith::MessageBuffer& pith::ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}
