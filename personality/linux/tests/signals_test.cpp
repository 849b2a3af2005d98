// Signal sets, defaults, and sending between processes.
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
  EXPECT_TRUE(process_->pending.set.is_empty());
  process_->actions[Signal::User1 - 1].handler = SignalAction::Ignore;
  send_signal(*process_, {.signal = Signal::User1});
  EXPECT_TRUE(process_->pending.set.is_empty());
  EXPECT_FALSE(task().has_signal());
}

TEST_F(SendTest, BlockedSignalsWait) {
  task().blocked.add(Signal::User1);
  send_signal(*process_, {.signal = Signal::User1, .pid = 77});
  EXPECT_TRUE(process_->pending.set.has(Signal::User1));
  EXPECT_FALSE(task().has_signal());
  task().blocked.remove(Signal::User1);
  EXPECT_TRUE(task().has_signal());
  EXPECT_EQ(process_->pending.take(Signal::User1).pid, 77);
}

TEST_F(SendTest, StopAndContinueCancelEachOther) {
  task().blocked = SignalSet(~u64{0});
  send_signal(*process_, {.signal = Signal::TerminalStop});
  EXPECT_TRUE(process_->pending.set.has(Signal::TerminalStop));
  send_signal(*process_, {.signal = Signal::Continue});
  EXPECT_FALSE(process_->pending.set.has(Signal::TerminalStop));
  stop_process(*process_, Signal::Stop);
  EXPECT_EQ(process_->state, ProcessState::Stopped);
  send_signal(*process_, {.signal = Signal::Continue});
  EXPECT_EQ(process_->state, ProcessState::Running);
}

}  // namespace
}  // namespace pith::personality
