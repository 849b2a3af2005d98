// A transactional server that is killed before each of its instructions, one at a time: its clients have one answer each, its partner does
// each thing once, and all is as without the crash.
#include "tests/host/transactional_server.h"

namespace pith {
namespace vault {
namespace {

TEST_F(ServeTest, EveryCallIsDoneOnceWhereverTheServerDies) {
  u64 crashes = 0;
  for (u64 i = 0; i < 50; i++) {
    switch (i % 5) {
      case 0:
        crashes += call_and_crash({{kTransfer, i, i * 3 + 1, i + 1}});
        break;
      case 1:
        crashes += call_and_crash({{kSend, i, 0, i}});
        break;
      case 2:
        crashes += call_and_crash({{kBalance, i}});
        break;
      case 3:
        crashes += call_and_crash({{kRead, i}});
        break;
      default:
        crashes += call_and_crash({{kTransfer, i, i + 2, u64{i % 10 == 4 ? 5000u : 10u}}});
        break;
    }
    EXPECT_EQ(total(), State::kAccounts * 1000u);
  }
  EXPECT_EQ(world.clients[0].answers.size(), 50u);
  EXPECT_GT(crashes, 50u * 100);
  RecordProperty("crashes", int(crashes));
}

TEST_F(ServeTest, WhoWaitsIsAnsweredOnceWhereverTheServerDies) {
  for (u64 i = 1; i <= 3; i++) {
    call_and_crash({{kWait}}, 1);
    EXPECT_EQ(world.clients[1].state, Client::State::SetAside);
    call_and_crash({{kTransfer, i, 2, 3}});
    call_and_crash({{kWake, i}}, 2);
    EXPECT_EQ(world.clients[1].answers.size(), i);
    EXPECT_EQ(answer(1).w[1], i);
    EXPECT_EQ(answer(2).w[1], i * 2);
  }
}

TEST_F(ServeTest, AnAnswerThroughTheTokenInTheSameEventIsGiven) {
  call_and_crash({{kReplyAtOnce}});
  EXPECT_EQ(answer().w[1], 1u);
}

TEST_F(ServeTest, WhatIsParkedGoesOnOnceWhereverTheServerDies) {
  call_and_crash({{kTake, 5}}, 1);
  call_and_crash({{kTake, 7}}, 2);
  EXPECT_EQ(world.clients[1].state, Client::State::SetAside);
  call_and_crash({{kPut, 6}});
  EXPECT_EQ(world.clients[1].answers.size(), 1u);
  EXPECT_EQ(world.clients[2].state, Client::State::SetAside);
  call_and_crash({{kPut, 8}});
  EXPECT_EQ(answer(2).w[1], 2u);
  EXPECT_EQ(state().stock, 2u);
}

TEST_F(ServeTest, ALongAnswerToAParkedCallArrivesWhole) {
  call({{kTakeLong}}, 1, {5});
  EXPECT_EQ(world.clients[1].state, Client::State::SetAside);
  call({{kPut, 6}});
  ASSERT_EQ(world.clients[1].long_words.size(), 1u);
  EXPECT_EQ(world.clients[1].long_words[0], std::vector<u64>{1});
  EXPECT_EQ(state().stock, 1u);
}

TEST_F(ServeTest, ALongAnswerToAParkedCallArrivesWholeWhereverTheServerDies) {
  call_and_crash({{kTakeLong}}, 1, {5});
  call_and_crash({{kTakeLong}}, 2, {7});
  call_and_crash({{kPut, 6}});
  ASSERT_EQ(world.clients[1].long_words.size(), 1u);
  EXPECT_EQ(world.clients[1].long_words[0], std::vector<u64>{1});
  EXPECT_EQ(world.clients[2].state, Client::State::SetAside);
  call_and_crash({{kPut, 8}});
  EXPECT_EQ(world.clients[2].long_words[0], std::vector<u64>{2});
  EXPECT_EQ(state().stock, 2u);
}

TEST_F(ServeTest, AnEventThatIsTooLongIsAnsweredNoSpace) {
  call({{kFillLog}});
  EXPECT_EQ(answer().w[0], u64(Error::NoSpace));
}

TEST_F(ServeTest, ACallThatAnswersAnErrorHasChangedNothing) {
  call({{kRefuse, 1}});
  EXPECT_EQ(answer().w[0], u64(Error::Denied));
  EXPECT_EQ(state().balance[1], 1000u);
}

TEST_F(ServeTest, AnUnknownMethodIsAnswered) {
  call({{1234}});
  EXPECT_EQ(answer().w[0], u64(Error::BadMessage));
}

TEST_F(ServeTest, ACallIntendedByAVaultHasTheSameAnswerAgain) {
  u64 number = ipc::kIntended | 1;
  auto call_it = [&](u64 amount) {
    send(1, {{kTransfer, 1, 2, amount}});
    world.clients[1].call.w[0] = kTransfer | number << ipc::kNumberShift;
    finish(loop);
  };
  call_it(30);
  Words first = answer(1);
  for (u64 i = 0; i < 100; i++) call({{kTransfer, 3, 4, 1}});
  call_it(30);
  EXPECT_EQ(memcmp(&answer(1), &first, sizeof first), 0);
  EXPECT_EQ(state().balance[1], 970u);
  number++;
  call_it(30);
  EXPECT_EQ(state().balance[1], 940u);
}

/// A crash between an answer and its being noted leaves a place behind, which must not stay so.
TEST_F(ServeTest, CrashesDoNotUseUpTheRoomForCalls) {
  for (u64 i = 1; i <= 3 * kMostCalls; i++) {
    send(1, {{kTransfer, 1, 2, 1}});
    if (i % 2 == 0) world.clients[1].call.w[0] = kTransfer | (ipc::kIntended | i) << ipc::kNumberShift;
    recover();
    // Its answer has arrived, but the instance did not come to take note.
    for (Call& one : exchange().calls) {
      if (one.name.word == world.clients[1].call.w[0]) one = {one.name, current_event(), current_event()};
    }
  }
  EXPECT_EQ(state().balance[1], 1000 - 3 * kMostCalls);
  EXPECT_EQ(answer(1).w[0], 0u);
}

TEST_F(ServeTest, MoreCallsThanThereIsRoomForAreBusy) {
  for (u32 client = 0; client < kMostCalls / kMostOfSession; client++) {
    for (u32 i = 0; i < kMostOfSession; i++) {
      call({{kWait}}, client);
      EXPECT_EQ(world.clients[client].state, Client::State::SetAside);
    }
  }
  call({{kPut, 1}});
  EXPECT_EQ(answer().w[0], u64(Error::Busy));
}

TEST_F(ServeTest, OneSessionDoesNotTakeTheRoomOfOthers) {
  for (u32 i = 0; i < kMostOfSession; i++) call({{kWait}});
  call({{kWait}});
  EXPECT_EQ(answer().w[0], u64(Error::Busy));
  call({{kTransfer, 1, 2, 10}});
  EXPECT_EQ(answer().w[0], 0u);
  call({{kWait}}, 1);
  EXPECT_EQ(world.clients[1].state, Client::State::SetAside);
}

TEST_F(ServeTest, OneSessionDoesNotParkAllThatCanBe) {
  for (u32 i = 0; i < ParkedCalls::kMostOfSession; i++) {
    call({{kTake, 5}});
    EXPECT_EQ(world.clients[0].state, Client::State::SetAside);
  }
  call({{kTake, 5}});
  EXPECT_EQ(answer().w[0], u64(Error::Busy));
  call({{kTake, 5}}, 1);
  EXPECT_EQ(world.clients[1].state, Client::State::SetAside);
}

TEST_F(ServeTest, ACallThatTheServerDiesOfIsAnsweredWithAnError) {
  for (u32 poison = 0; poison < kMostPoison; poison++) {
    send(1, {{kDie}});
    for (u32 crash = 0; crash < kMostCrashes; crash++) EXPECT_TRUE(dies_again());
    EXPECT_FALSE(dies_again());
    EXPECT_EQ(answer(1).w[0], u64(Error::NotSupported));
  }
  send(1, {{kTransfer, 1, 2, 10}});
  EXPECT_FALSE(dies_again());
  EXPECT_EQ(answer(1).w[0], u64(Error::SessionDead));
  send(2, {{kTransfer, 1, 2, 10}});
  EXPECT_FALSE(dies_again());
  EXPECT_EQ(answer(2).w[0], 0u);
  // Another instance of the component behind the session.
  world.clients[1].call = {{kTransfer | (u64{1} << 32 | 1) << ipc::kNumberShift, 1, 2, 10}};
  world.clients[1].state = Client::State::Queued;
  EXPECT_FALSE(dies_again());
  EXPECT_EQ(answer(1).w[0], 0u);
}

TEST_F(ServeTest, ACallThatTheServerDiesOfWhileReadingIsToBlame) {
  send(1, {{kDieReading}});
  for (u32 crash = 0; crash < kMostCrashes; crash++) EXPECT_TRUE(dies_again());
  EXPECT_FALSE(dies_again());
  EXPECT_EQ(answer(1).w[0], u64(Error::NotSupported));
}

TEST_F(ServeTest, AReadIsNoEvent) {
  u64 event = current_event();
  call({{kRead, 3}});
  EXPECT_EQ(answer().w[1], 1000u);
  EXPECT_EQ(current_event(), event);
  EXPECT_FALSE(is_in_event());
}

TEST_F(ServeTest, AVaultThatTheServerDiesOfIsGivenUp) {
  call({{kWait}}, 1);
  send(0, {{kDieOfState}});
  for (u32 crash = 0; crash < kMostFruitless; crash++) {
    EXPECT_FALSE(is_vault_doomed());
    EXPECT_TRUE(dies_again());
  }
  world.server_dies();
  note_start(open(kLogSize));
  EXPECT_TRUE(is_vault_doomed());
  ASSERT_TRUE(run_event([]() -> Result<void> {
    give_up_calls();
    return {};
  }));
  begin_state();
  Loop next(server, server, kEndpoint, wants_of<Bank>());
  next.resume();
  finish(next);
  ASSERT_EQ(world.clients[1].answers.size(), 1u);
  EXPECT_EQ(answer(1).w[0], u64(Error::SessionDead));
}

}  // namespace
}  // namespace vault
}  // namespace pith
