// The bank, killed before each of its instructions, one at a time, in a run of 50 operations: its client has one answer each, equal to the
// run without a crash, the partner books each thing once, and the sums are right.
#include "tests/components/bank/service.h"

#include "tests/host/crash_test.h"

namespace pith::bank {
namespace {

using Method = protocols::BankMethod;

State& state() { return *reinterpret_cast<State*>(vault::kAddress + vault::kStateOffset); }

struct Toy {
  static constexpr u64 kVaultSize = 5 * kPageSize;
  struct Server : Service {
    Server() : Service(vault::kEndpoint, state(), vault::kPartner) {}
  };
  static void begin() { state().begin(); }
  static u64 money() {
    u64 sum = 0;
    for (const Account& account : state().accounts) sum += account.balance;
    return sum;
  }
};
static_assert(vault::kStateOffset + sizeof(State) <= Toy::kVaultSize);

constexpr u32 kOpen = 8;
constexpr u64 key(u64 i) { return (i % kOpen) * 0xd1342543de82ef95; }

Words words(Method method, u64 a = 0, u64 b = 0, u64 c = 0) { return {{u64(method), a, b, c}}; }

class BankTest : public vault::CrashTest<Toy> {
 protected:
  void SetUp() override {
    CrashTest::SetUp();
    for (u64 i = 0; i < kOpen; i++) {
      call(words(Method::Open, key(i)));
      call(words(Method::Credit, key(i), 1000));
    }
    vault::world.clients[0].answers.clear();
  }

  Error error() { return Error(answer().w[0]); }
};

TEST_F(BankTest, EveryOperationIsDoneOnceWhereverTheBankDies) {
  u64 crashes = 0, money = total(), credited = 0;
  for (u64 i = 0; i < 50; i++) {
    switch (i % 8) {
      case 0:
        crashes += call_and_crash(words(Method::Transfer, key(i), key(i * 3 + 1), i + 1));
        break;
      case 1:
        crashes += call_and_crash(words(Method::Send, key(i), key(i + 1), i));  // the partner refuses some
        break;
      case 2:
        crashes += call_and_crash(words(Method::Put, key(i), 16), 0, {i, i * i});
        break;
      case 3:
        crashes += call_and_crash(words(Method::Get, key(i - 1)));
        EXPECT_EQ(vault::world.clients[0].long_words.back()[1], (i - 1) * (i - 1));
        break;
      case 4:
        crashes += call_and_crash(words(Method::Transfer, key(i), key(i + 2), i % 16 == 4 ? 5000 : 10));  // more than there is, or less
        break;
      case 5:
        crashes += call_and_crash(words(Method::Credit, key(i), 100));
        credited += 100;
        break;
      case 6:
        crashes += call_and_crash(words(Method::Open, i));
        break;
      default:
        crashes += call_and_crash(words(Method::Line, state().bookings - 1));
        break;
    }
    EXPECT_EQ(total(), money + credited);
    EXPECT_TRUE(state().check());
  }
  EXPECT_EQ(vault::world.clients[0].answers.size(), 50u);
  EXPECT_GT(crashes, 50u * 100);
  RecordProperty("crashes", int(crashes));
}

TEST_F(BankTest, IsFullAtSomeTime) {
  for (u64 i = kOpen; i < kMostAccounts; i++) {
    call(words(Method::Open, i << 40));
    EXPECT_EQ(error(), kSuccess);
  }
  call(words(Method::Open, 77));
  EXPECT_EQ(error(), Error::Limit);
  call(words(Method::Open, key(3)));
  EXPECT_EQ(error(), Error::Occupied);
  call(words(Method::Balance, key(3)));
  EXPECT_EQ(answer().w[1], 1000u);
  call(words(Method::Balance, 77));
  EXPECT_EQ(error(), Error::NotFound);
  EXPECT_TRUE(state().check());
}

TEST_F(BankTest, WhatIsRefusedChangesNothing) {
  std::vector<std::byte> before = memory().vault;
  for (const Words& call_words :
       {words(Method::Transfer, key(0), 77, 1), words(Method::Transfer, 77, key(0), 1), words(Method::Transfer, key(0), key(1), 0),
        words(Method::Transfer, key(0), key(1), 1001), words(Method::Debit, key(0), 1001), words(Method::Send, key(0), 0, 0),
        words(Method::Credit, key(0), kMost), words(Method::Line, state().bookings)}) {
    call(call_words);
    EXPECT_NE(error(), kSuccess);
  }
  EXPECT_TRUE(memory().vault == before);
}

TEST_F(BankTest, TheLogHoldsTheLastLines) {
  for (u64 i = 0; i < 2 * kLines; i++) call(words(Method::Transfer, key(i), key(i + 1), 1));
  u64 bookings = state().bookings;
  for (u64 number : {bookings - kLines, bookings}) {
    call(words(Method::Line, number));
    EXPECT_EQ(error(), Error::NotFound);
  }
  for (u64 number = bookings - kLines + 1; number < bookings; number++) {
    call(words(Method::Line, number));
    ASSERT_EQ(error(), kSuccess);
    Line line;
    memcpy(static_cast<void*>(&line), vault::world.clients[0].long_words.back().data(), sizeof line);
    EXPECT_EQ(line.number, number);
    EXPECT_EQ(line.check, line.checksum());
    EXPECT_EQ(line.amount, 1u);
  }
}

/// Nothing of this is done by an instance that is itself.
TEST_F(BankTest, NonsenseIsNoticed) {
  auto expect_bad = [](auto&& change) {
    State state = bank::state();
    EXPECT_TRUE(state.check());
    change(state);
    EXPECT_FALSE(state.check());
  };
  expect_bad([](State& bad) { (*bad.find(key(1)))->balance++; });
  expect_bad([](State& bad) { bad.open--; });
  expect_bad([](State& bad) { (*bad.find(key(1)))->value = kMostAccounts + 1; });
  expect_bad([](State& bad) { bad.free_value = (*bad.find(key(1)))->value; });
  expect_bad([](State& bad) { bad.lines[(bad.bookings - 1) % kLines].arrived ^= 4; });
  expect_bad([](State& bad) { bad.bookings++; });
}

}  // namespace
}  // namespace pith::bank
