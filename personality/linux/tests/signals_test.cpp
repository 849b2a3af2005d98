// Signal sets, defaults, sending between processes, queues, and timers that send.
#include "personality/linux/tests/fixture.h"

namespace pith::personality {
namespace {

TEST(SignalSetTest, FaultsComeFirstThenTheLowest) {
  SignalSet set;
  EXPECT_EQ(set.first(), 0u);
  set.add(Signal::Last);
  set.add(Signal::User1);
  set.add(Signal::HangUp);
  EXPECT_EQ(set.first(), Signal::HangUp);
  set.add(Signal::Segment);
  EXPECT_EQ(set.first(), Signal::Segment);
  set.remove(Signal::Segment);
  set.remove(Signal::HangUp);
  EXPECT_EQ(set.first(), Signal::User1);
  EXPECT_TRUE(set.has(Signal::Last));
  EXPECT_FALSE(set.has(1));
}

TEST(SignalSetTest, Defaults) {
  EXPECT_EQ(default_action(Signal::Child), DefaultAction::Ignore);
  EXPECT_EQ(default_action(Signal::Continue), DefaultAction::Continue);
  EXPECT_EQ(default_action(Signal::TerminalStop), DefaultAction::Stop);
  EXPECT_EQ(default_action(Signal::Segment), DefaultAction::DumpCore);
  EXPECT_EQ(default_action(Signal::Alarm), DefaultAction::Terminate);
  EXPECT_EQ(default_action(40), DefaultAction::Terminate);
}

class SendTest : public EnvironmentTest {};

TEST_F(SendTest, IgnoredSignalsFallAway) {
  send_signal(*process_, {.signal = Signal::Child});
  EXPECT_TRUE(process_->pending.set().is_empty());
  process_->actions[Signal::User1 - 1].handler = SignalAction::Ignore;
  send_signal(*process_, {.signal = Signal::User1});
  EXPECT_TRUE(process_->pending.set().is_empty());
  EXPECT_FALSE(task().has_signal());
}

TEST_F(SendTest, BlockedSignalsWait) {
  task().blocked.add(Signal::User1);
  send_signal(*process_, {.signal = Signal::User1, .pid = 77});
  EXPECT_TRUE(process_->pending.set().has(Signal::User1));
  EXPECT_FALSE(task().has_signal());
  task().blocked.remove(Signal::User1);
  EXPECT_TRUE(task().has_signal());
  EXPECT_EQ(process_->pending.take(Signal::User1).pid, 77);
}

TEST_F(SendTest, StopAndContinueCancelEachOther) {
  task().blocked = SignalSet(~u64{0});
  send_signal(*process_, {.signal = Signal::TerminalStop});
  EXPECT_TRUE(process_->pending.set().has(Signal::TerminalStop));
  send_signal(*process_, {.signal = Signal::Continue});
  EXPECT_FALSE(process_->pending.set().has(Signal::TerminalStop));
  stop_process(*process_, Signal::Stop);
  EXPECT_EQ(process_->state, ProcessState::Stopped);
  send_signal(*process_, {.signal = Signal::Continue});
  EXPECT_EQ(process_->state, ProcessState::Running);
}

TEST_F(SendTest, RealTimeSignalsQueueInOrder) {
  constexpr u32 kFirst = Signal::FirstRealTime + 3, kSecond = Signal::FirstRealTime + 2;
  task().blocked = SignalSet(~u64{0});
  u64 before = PendingSignals::queued();
  for (u64 value = 1; value <= 3; value++) EXPECT_TRUE(send_signal(*process_, {.signal = kFirst, .address = value}));
  EXPECT_TRUE(send_signal(*process_, {.signal = kSecond, .address = 4}));
  EXPECT_EQ(PendingSignals::queued(), before + 4);
  EXPECT_EQ(process_->pending.set().first(), kSecond);
  EXPECT_EQ(process_->pending.take(kSecond).address, 4u);
  for (u64 value = 1; value <= 3; value++) {
    EXPECT_TRUE(process_->pending.set().has(kFirst));
    EXPECT_EQ(process_->pending.take(kFirst).address, value);
  }
  EXPECT_TRUE(process_->pending.set().is_empty());
  EXPECT_EQ(PendingSignals::queued(), before);
}

TEST_F(SendTest, OldSignalsMergeButForTimers) {
  task().blocked = SignalSet(~u64{0});
  EXPECT_TRUE(send_signal(*process_, {.signal = Signal::User1, .pid = 1}));
  EXPECT_FALSE(send_signal(*process_, {.signal = Signal::User1, .pid = 2}));
  EXPECT_TRUE(send_signal(*process_, {.signal = Signal::User1, .pid = 3, .timer = 1}));
  EXPECT_EQ(process_->pending.take(Signal::User1).pid, 1);
  EXPECT_EQ(process_->pending.take(Signal::User1).pid, 3);
  EXPECT_TRUE(process_->pending.set().is_empty());
}

TEST_F(SendTest, DiscardedSignalsLeaveTheQueue) {
  task().blocked = SignalSet(~u64{0});
  u64 before = PendingSignals::queued();
  send_signal(*process_, {.signal = Signal::Last});
  send_signal(*process_, {.signal = Signal::Last});
  process_->pending.discard(SignalSet::of(Signal::Last));
  EXPECT_EQ(PendingSignals::queued(), before);
  EXPECT_TRUE(process_->pending.set().is_empty());
}

TEST(RawInformationTest, Fields) {
  RawSignalInformation queued =
      raw_information({.signal = Signal::Last, .code = SignalInformation::kQueue, .pid = 7, .uid = 8, .address = 0x1234567890});
  EXPECT_EQ(queued.words[0], 7u | u64{8} << 32);
  EXPECT_EQ(queued.words[1], 0x1234567890u);
  RawSignalInformation fault = raw_information({.signal = Signal::Segment, .code = SignalInformation::kMapError, .address = 0x1000});
  EXPECT_EQ(fault.words[0], 0x1000u);
  RawSignalInformation child = raw_information({.signal = Signal::Child, .code = SignalInformation::kExited, .pid = 9, .status = 3});
  EXPECT_EQ(child.words[1], 3u);
}

class TimerTest : public EnvironmentTest {
 protected:
  TimerTest() {
    env_->processes.add(*process_);
    task().blocked = SignalSet(~u64{0});
    timer_.information = {.signal = Signal::Alarm, .code = SignalInformation::kTimer};
  }
  ~TimerTest() override { env_->processes.remove(*process_); }
  ProcessTimer timer_;
};

TEST_F(TimerTest, OnceAtItsTime) {
  timer_.set({}, now() + 3600 * kSecond, 0);
  EXPECT_NE(timer_.look(*process_), 0u);
  EXPECT_TRUE(process_->pending.set().is_empty());
  EXPECT_GT(timer_.left(), 3599 * kSecond);
  timer_.set({}, now() - 1, 0);
  EXPECT_EQ(timer_.look(*process_), 0u);
  EXPECT_TRUE(process_->pending.set().has(Signal::Alarm));
  EXPECT_EQ(timer_.left(), 0u);
}

TEST_F(TimerTest, GoesOnWhenItsSignalHasBeenTaken) {
  constexpr u64 kInterval = 1000 * kSecond;
  timer_.set({}, now() - 3 * kInterval - kInterval / 2, kInterval);
  EXPECT_EQ(timer_.look(*process_), 0u);
  EXPECT_EQ(timer_.look(*process_), 0u);  // nothing more before it is taken
  EXPECT_GT(timer_.left(), 0u);
  EXPECT_EQ(process_->pending.take(Signal::Alarm).timer, timer_.serial);
  EXPECT_TRUE(process_->pending.set().is_empty());
  timer_.signal_taken();
  EXPECT_EQ(timer_.overrun, 3u);
  EXPECT_GT(timer_.look(*process_), now());
  EXPECT_LE(timer_.left(), kInterval / 2);
}

TEST_F(TimerTest, WallClockMovesIt) {
  u64 before = env_->boot_wall_offset;
  timer_.set({TimeScale::Kind::Wall, 0}, before + now() + 3600 * kSecond, 0);
  EXPECT_NE(timer_.look(*process_), 0u);
  env_->boot_wall_offset += 7200 * kSecond;
  EXPECT_EQ(timer_.look(*process_), 0u);
  EXPECT_TRUE(process_->pending.set().has(Signal::Alarm));
  env_->boot_wall_offset = before;
}

TEST_F(TimerTest, NamesOfClocks) {
  EXPECT_EQ(scale_of(task(), 0)->kind, TimeScale::Kind::Wall);
  EXPECT_EQ(scale_of(task(), 1)->kind, TimeScale::Kind::Boot);
  EXPECT_EQ(scale_of(task(), 2)->number, process_->pid);
  u32 own = u32((-process_->pid - 1) * 8 + 2);
  EXPECT_EQ(scale_of(task(), own)->kind, TimeScale::Kind::ProcessTime);
  u32 nobody = u32((-30000 - 1) * 8 + 2);
  EXPECT_EQ(scale_of(task(), nobody).error(), LinuxError::Invalid);
  EXPECT_EQ(scale_of(task(), 10).error(), LinuxError::Invalid);
}

}  // namespace
}  // namespace pith::personality
