// The clock under a host's idea of time: who is answered when.
#include "servers/clock/service.h"

#include <gtest/gtest.h>

#include <vector>

namespace pith {

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

namespace {

std::vector<u32> answered;

class TestService final : public pith::clock::Service {
 public:
  using Service::Service;
  u64 now = 1000;

 private:
  u64 time() override { return now; }
};

struct ClockTest : testing::Test {
  pith::clock::State state = {};
  TestService service{CapabilitySlot(1), state};

  void SetUp() override { answered.clear(); }
};

TEST_F(ClockTest, SleepersAreAnsweredInOrderWhenTheirTimeHasCome) {
  EXPECT_TRUE(service.sleep_until(Session(1), Token(7), 3000));
  EXPECT_TRUE(service.sleep_until(Session(1), Token(8), 2000));
  EXPECT_TRUE(service.sleep_until(Session(2), Token(9), 5000));
  EXPECT_EQ(service.deadline(), 2000u);
  EXPECT_FALSE(service.is_due());
  service.now = 3000;
  EXPECT_TRUE(service.is_due());
  service.advance();
  EXPECT_EQ(answered, (std::vector<u32>{8, 7}));
  EXPECT_EQ(service.deadline(), 5000u);
  EXPECT_FALSE(service.is_due());
}

TEST_F(ClockTest, AnAlarmInThePastIsDueAtOnce) {
  EXPECT_TRUE(service.sleep_until(Session(1), Token(1), 0));
  EXPECT_TRUE(service.is_due());
}

TEST_F(ClockTest, TooManySleepersAreRefused) {
  for (u32 i = 0; i < pith::clock::kMostSleepers; i++) EXPECT_TRUE(service.sleep_until(Session(1), Token(i), 2000 + i));
  EXPECT_EQ(service.sleep_until(Session(1), Token(0), 2000).error(), Error::NoSpace);
  EXPECT_TRUE(state.check());
}

TEST_F(ClockTest, KeepsTheWallClock) {
  EXPECT_TRUE(service.set_wall_offset(Session(1), 77));
  EXPECT_EQ(*service.wall_offset(Session(2)), 77u);
}

}  // namespace

/// In place of the vault's.
void vault::answer_call(Token token, const ipc::Answer& answer) {
  EXPECT_EQ(answer.words.w[0], 0u);
  answered.push_back(token.raw);
}

}  // namespace pith
